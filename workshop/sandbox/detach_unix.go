//go:build unix

package sandbox

import (
	"os/exec"
	"syscall"
)

// detach gives the process a session of its own, so that neither Ctrl-C nor the end of the terminal ends it.
func detach(process *exec.Cmd) { process.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }
