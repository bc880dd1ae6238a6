package actions

import (
	"errors"
	"io/fs"
	"syscall"
)

// FileReason says why a file could not be read or written, for an error that names the file already: "the disk is full", "permission
// denied". The names of temporary files, which differ each time, are not in it.
func FileReason(err error) string {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return "the disk is full"
	}
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err.Error()
	}
	return err.Error()
}
