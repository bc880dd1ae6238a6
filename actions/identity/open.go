package identity

import (
	"context"
	"errors"
	"io"
	"log"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/pkg/browser"
)

// errNoDisplay says that a browser would have nowhere to show itself: the programs that open one would start a browser of
// text on the terminal that we draw on.
var errNoDisplay = errors.New("there is no display (DISPLAY, WAYLAND_DISPLAY and BROWSER are not set)")

// opensWithin is how soon a program that opens browsers fails when it cannot. Some stay for as long as the browser does.
const opensWithin = time.Second

var silenceBrowser = sync.OnceFunc(func() { browser.Stdout, browser.Stderr = io.Discard, io.Discard })

// OpenBrowser opens a URL in the person's browser, as SignInOptions.Open. It returns once that seems to have worked; what
// the browser prints is thrown away.
func OpenBrowser(ctx context.Context, url string) error {
	if !hasDisplay(os.Getenv) {
		return errNoDisplay
	}
	silenceBrowser()
	opened := make(chan error, 1)
	go func() { opened <- browser.OpenURL(url) }() // may run as long as the browser, which is the person's
	timer := time.NewTimer(opensWithin)
	defer timer.Stop()
	select {
	case err := <-opened:
		return err
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hasDisplay reports whether a browser can be seen on this machine, as far as one can know.
func hasDisplay(getenv func(string) string) bool {
	switch runtime.GOOS {
	case "windows", "darwin", "ios", "android":
		return true
	}
	for _, name := range []string{"DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"} {
		if getenv(name) != "" {
			return true
		}
	}
	return false
}

func silent() *log.Logger { return log.New(io.Discard, "", 0) }
