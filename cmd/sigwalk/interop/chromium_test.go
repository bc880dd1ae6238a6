//go:build keycloak || browser

package interop

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium is the path of a real browser, the system's.
type chromium string

// newChromium finds Chromium. The test fails where there is none.
func newChromium(t *testing.T) chromium {
	t.Helper()
	path, err := program("CHROMIUM")
	if err != nil {
		t.Fatal(err)
	}
	return chromium(path)
}

// visit runs actions in a browser without a window, of a person who has never been anywhere, and keeps a picture of what is
// shown at the end.
func (c chromium) visit(t *testing.T, picture string, actions ...chromedp.Action) {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(string(c)), chromedp.WindowSize(1000, 800),
		chromedp.NoSandbox,                           // whoever runs this may be root, whom Chromium's own sandbox refuses
		chromedp.Flag("disable-dev-shm-usage", true), // a container's is too small
	)
	allocator, stop := chromedp.NewExecAllocator(context.WithoutCancel(t.Context()), options...)
	defer stop()
	window, leave := chromedp.NewContext(allocator)
	defer leave()
	defer func() { _ = chromedp.Cancel(window) }() // waits until the browser has ended and its files are gone
	// The first Run starts the browser, whose life is its context's.
	if err := chromedp.Run(window); err != nil {
		t.Fatalf("Chromium at %s does not start: %v", c, err)
	}
	bounded, cancel := context.WithTimeout(window, limit)
	defer cancel()
	err := chromedp.Run(bounded, actions...)
	// The picture counts most where something went wrong, and then the time may be over.
	last, done := context.WithTimeout(window, 10*time.Second)
	defer done()
	var png []byte
	if chromedp.Run(last, chromedp.CaptureScreenshot(&png)) == nil {
		keep(t, picture+".png", png)
	}
	if err != nil {
		var page string
		_ = chromedp.Run(last, chromedp.OuterHTML("html", &page, chromedp.ByQuery))
		t.Fatalf("%s: %v\n%s", picture, err, page)
	}
}

// keep writes something that a person may want to look at afterwards into the directory of ARTIFACTS.
func keep(t *testing.T, name string, content []byte) {
	t.Helper()
	dir := os.Getenv("ARTIFACTS")
	if dir == "" {
		t.Fatal("ARTIFACTS names no directory for pictures; make sets it")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}
