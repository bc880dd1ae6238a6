//go:build unix

package tui

import (
	"os"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// divert lets the descriptors 1 and 2 lead to file, for libraries that took hold of them long ago, and returns a new
// file that leads where out leads. A crash of the program is still told where descriptor 2 led before.
func divert(out, file *os.File) (screen *os.File, restore func(), err error) {
	fd, err := unix.FcntlInt(out.Fd(), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, nil, err
	}
	screen = os.NewFile(uintptr(fd), out.Name())
	var saved [3]int
	for std := 1; std <= 2; std++ {
		if saved[std], err = unix.FcntlInt(uintptr(std), unix.F_DUPFD_CLOEXEC, 3); err != nil {
			return nil, nil, err
		}
	}
	crash := os.NewFile(uintptr(saved[2]), "stderr")
	_ = debug.SetCrashOutput(crash, debug.CrashOptions{})
	for std := 1; std <= 2; std++ {
		if err := duplicate(int(file.Fd()), std); err != nil {
			return nil, nil, err
		}
	}
	return screen, func() {
		_ = debug.SetCrashOutput(nil, debug.CrashOptions{})
		_ = duplicate(saved[1], 1)
		_ = duplicate(saved[2], 2)
		_ = unix.Close(saved[1])
		_ = crash.Close()
		_ = screen.Close()
	}, nil
}
