package trust

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/tuf"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/sigwalk/sigwalk/actions"
)

const maxRoot = 512000 // bytes, as go-tuf allows for a root

// initialRoot loads the initial root and compares its checksum with the pinned one.
func (c *Client) initialRoot(ctx context.Context, req InitializeRequest) (layout, []byte, error) {
	where, pinned := req.Root, req.Checksum != ""
	var (
		data []byte
		err  error
	)
	switch {
	case where == "" && strings.TrimSuffix(req.Mirror, "/") == tuf.DefaultMirror:
		// Public Sigstore was named, and its root comes with the library that cosign uses: better than first use.
		data, where, pinned = tuf.DefaultRoot(), "the root that Sigstore's libraries carry", true
	case where == "":
		where = strings.TrimSuffix(req.Mirror, "/") + "/root.json"
		data, err = c.download(ctx, where)
		if actions.CodeOf(err) == actions.CodeTrustRoot { // not every mirror serves one without a version
			where = strings.TrimSuffix(req.Mirror, "/") + "/1.root.json"
			data, err = c.download(ctx, where)
		}
	case isURL(where):
		data, err = c.download(ctx, where)
	default:
		data, err = os.ReadFile(filepath.Clean(where))
		if err != nil {
			err = &actions.Error{
				Code: actions.CodeTrustRoot,
				What: "the initial root " + where + " cannot be read",
				Why:  err.Error(),
				Next: "give a file or URL of the initial root.json with --root (or COSIGN_ROOT)",
				Err:  err,
			}
		}
	}
	if err != nil {
		return layout{}, nil, err
	}
	if err := checkPin(data, where, req.Checksum); err != nil {
		return layout{}, nil, err
	}
	if _, err := metadata.Root().FromBytes(data); err != nil {
		return layout{}, nil, &actions.Error{
			Code: actions.CodeTrustRoot,
			What: where + " is no TUF root",
			Why:  firstLine(err.Error()),
			Next: "look at the address in a browser: it must serve the JSON of a root role; a login page or a search page is a sign that it is another service's",
			Err:  err,
		}
	}
	l := layout{remote: remote{Mirror: req.Mirror, Root: where, Checksum: sum(data)}}
	if pinned {
		l.remote.Pinned = "true"
	} else {
		c.note(ctx, actions.NoteWarning, "the initial root was taken on trust: no checksum was given for "+where+".\n"+
			"Ask whoever runs the trust root whether its SHA-256 is\n  "+l.remote.Checksum+"\nand pin it with --root-checksum (or COSIGN_ROOT_CHECKSUM).")
	}
	return l, data, nil
}

// download gets the initial root.
func (c *Client) download(ctx context.Context, url string) ([]byte, error) {
	data, err := fetcher{ctx: ctx, transport: c.opts.Transport}.DownloadFile(url, maxRoot, 0)
	if err != nil {
		return nil, c.explain(ctx, err, "the initial root", url, "the initial root cannot be fetched from "+url)
	}
	return data, nil
}

// checkPin compares data with the checksum that was pinned, in the forms that cosign takes.
func checkPin(data []byte, where, pin string) error {
	if pin == "" {
		return nil
	}
	algorithm, want, ok := strings.Cut(strings.ToLower(strings.TrimSpace(pin)), ":")
	if !ok {
		algorithm, want = "sha256", algorithm
	}
	var got string
	switch algorithm {
	case "sha256":
		digest := sha256.Sum256(data)
		got = hex.EncodeToString(digest[:])
	case "sha512":
		digest := sha512.Sum512(data)
		got = hex.EncodeToString(digest[:])
	default:
		return &actions.Error{
			Code: actions.CodeUsage,
			What: fmt.Sprintf("the checksum of the initial root names the algorithm %q", algorithm),
			Next: "give a SHA-256 in hex, as sha256sum root.json prints it",
		}
	}
	if got == want {
		return nil
	}
	return &actions.Error{
		Code: actions.CodeRootChecksum,
		What: "the initial root " + where + " is not the one that was pinned",
		Why:  fmt.Sprintf("its %s is %s, and %s was pinned", strings.ToUpper(algorithm), got, want),
		Next: "nothing was changed. Ask whoever runs the trust root for the checksum of its initial root, by another way than this mirror; only when they confirm the new value, give that",
	}
}
