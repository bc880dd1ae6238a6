// Package guard turns a panic in a library's constructor into an error. Rekor, the timestamp authority and zap's Fatal
// panic on bad configuration; the person who started the sandbox wants to know why.
package guard

import (
	"fmt"
	"sync"
)

// Call runs f and returns its error, or an error that holds what f panicked with.
func Call(what string, f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if cause, ok := r.(error); ok {
				err = fmt.Errorf("%s: %w", what, cause)
				return
			}
			err = fmt.Errorf("%s: %v", what, r)
		}
	}()
	return f()
}

// settings orders access to viper's global instance, which Rekor and the timestamp authority read and which is not safe
// for concurrent use. Rekor reads it while it serves.
var settings sync.RWMutex

// WriteSettings runs f while nobody reads or writes viper's global settings.
func WriteSettings(f func() error) error {
	settings.Lock()
	defer settings.Unlock()
	return f()
}

// ReadSettings runs f while nobody writes viper's global settings.
func ReadSettings(f func()) {
	settings.RLock()
	defer settings.RUnlock()
	f()
}
