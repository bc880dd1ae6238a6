package trust

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/web"
)

func noTrustRoot(home string, cause error) error {
	return &actions.Error{
		Code: actions.CodeNoTrustRoot,
		What: "there is no trust root in " + home,
		Why:  "cosign initialize was not run for this directory yet, or did not end well",
		Next: "run cosign initialize; another directory is chosen with TUF_ROOT",
		Err:  cause,
	}
}

func noHome() error {
	return &actions.Error{
		Code: actions.CodeNoTrustRoot,
		What: "no directory for the trust root is set",
		Next: "name one with TUF_ROOT",
	}
}

func unreadable(home string, cause error) error {
	return &actions.Error{
		Code: actions.CodeTrustRoot,
		What: "the trust root in " + home + " cannot be read",
		Why:  cause.Error(),
		Next: "run cosign initialize again: it replaces what is there",
		Err:  cause,
	}
}

func unwritable(home string, cause error) error {
	return &actions.Error{
		Code: actions.CodeStateUnwritable,
		What: "the trust root cannot be stored in " + home,
		Why:  cause.Error(),
		Next: "make room or make the directory writable, or choose another one with TUF_ROOT; a trust root that was there before is still there",
		Err:  cause,
	}
}

const mirrorKind = "the TUF mirror"

// explain says what a failure to fetch, verify or store the trust root means. What it was that failed is what, at source,
// which is of that kind ("the TUF mirror").
func (c *Client) explain(ctx context.Context, err error, kind, source, what string) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	var (
		known   *actions.Error
		status  *metadata.ErrDownloadHTTP
		path    *fs.PathError
		link    *os.LinkError
		network *url.Error
	)
	switch {
	case errors.As(err, &known):
		return err
	case errors.As(err, &path), errors.As(err, &link):
		return unwritable(c.opts.Homes.TUF, err)
	case errors.As(err, &status):
		e := &actions.Error{
			Code: actions.CodeTrustRoot, What: what, Err: err,
			Why:  fmt.Sprintf("the answer to GET %s was HTTP status %d", status.URL, status.StatusCode),
			Next: "check the address of the mirror: it must serve root.json, timestamp.json and the targets of a TUF repository",
		}
		if status.StatusCode >= http.StatusInternalServerError {
			e.Code, e.Next = actions.CodeServer, "try again in a while, or ask whoever runs the mirror"
		}
		return e
	case errors.As(err, &network):
		if explained := web.Explain(err, kind+" at "+source); errors.As(explained, &known) {
			return explained
		}
		return &actions.Error{
			Code: actions.CodeUnreachable, What: source + " gave no answer that can be read", Why: network.Err.Error(),
			Next: "check the address of the mirror; if it is right, try again", Err: err,
		}
	}
	e := &actions.Error{Code: actions.CodeTrustRoot, What: what, Why: firstLine(err.Error()), Err: err}
	switch {
	case errors.Is(err, &metadata.ErrExpiredMetadata{}):
		e.Next = "ask whoever runs the trust root to sign its metadata anew, and check this machine's clock: nothing can be trusted on what has expired"
	case errors.Is(err, &metadata.ErrUnsignedMetadata{}):
		e.Why = "its metadata is not signed by the keys of the initial root (" + e.Why + ")"
		e.Next = "check that root and mirror are of the same deployment, and that the initial root is not that of a deployment that was set up anew since"
	default:
		e.Next = "check that root and mirror are of the same deployment; if they are, ask whoever runs it"
	}
	return e
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
