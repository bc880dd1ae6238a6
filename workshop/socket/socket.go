// Package socket is how two processes of one person find each other and talk: by HTTP on a Unix socket that nobody but its
// owner may open.
package socket

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
)

// longest is the longest path that every system takes for a socket: the smallest limit is 104 bytes with the NUL.
const longest = 100

// recordOf is the file that says where the socket called name is.
func recordOf(home, name string) string { return filepath.Join(home, name+".path") }

// Listen opens the socket called name below home, which is there, in place of one whose owner has ended: whoever calls it
// holds a lock on home. Where the path is too long, or the file system knows no sockets, it lies in a directory of its own
// among the temporary files; either way NAME.path says where. Whoever closes the listener calls remove then.
func Listen(ctx context.Context, home, name string) (listener net.Listener, remove func(), err error) {
	Remove(home, name)
	var config net.ListenConfig
	path := filepath.Join(home, name+".sock")
	remove = func() { Remove(home, name) }
	if len(path) <= longest {
		if listener, err := config.Listen(ctx, "unix", path); err == nil {
			return protect(listener, home, name, path, remove)
		}
	}
	dir, err := os.MkdirTemp("", "sigwalk-")
	if err != nil {
		return nil, nil, err
	}
	path = filepath.Join(dir, name+".sock")
	if listener, err = config.Listen(ctx, "unix", path); err != nil {
		_ = os.Remove(dir)
		return nil, nil, err
	}
	return protect(listener, home, name, path, remove)
}

// protect makes the socket its owner's own and records where it is.
func protect(listener net.Listener, home, name, path string, remove func()) (net.Listener, func(), error) {
	err := os.Chmod(path, 0o600)
	if err == nil {
		err = write(recordOf(home, name), path)
	}
	if err != nil {
		_ = listener.Close()
		return nil, nil, err
	}
	return listener, remove, nil
}

// write puts text at path in one step: whoever reads it sees all of it.
func write(path, text string) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	if err != nil {
		return err
	}
	_, err = tmp.WriteString(text)
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name())
	}
	return err
}

// Remove removes the socket of an owner that has ended, and the temporary directory that was made for it.
func Remove(home, name string) {
	record := recordOf(home, name)
	path, err := os.ReadFile(record)
	if err != nil {
		return
	}
	_ = os.Remove(string(path))
	if dir := filepath.Dir(string(path)); dir != home {
		_ = os.Remove(dir) // takes only an empty directory
	}
	_ = os.Remove(record)
}

// Dial returns a transport to whoever listens on the socket called name below home. An error that is fs.ErrNotExist or
// syscall.ENOTDIR says that nobody ever listened there.
func Dial(home, name string) (*http.Transport, error) {
	path, err := os.ReadFile(recordOf(home, name))
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var dialer net.Dialer
			return dialer.DialContext(ctx, "unix", string(path))
		},
	}, nil
}
