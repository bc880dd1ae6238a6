package builtin

import (
	"context"
	"io"
	"path/filepath"
	"strings"

	"github.com/sigwalk/sigwalk/actions"
)

// password is the password of a private key that nobody needs to type: COSIGN_PASSWORD, an empty one included, else all
// that a pipe or a file brings on standard input, with its line end if it has one. That is how cosign takes it, and a key
// that was made so must open so.
func (c *Call) password(context.Context) (actions.Secret, bool, error) {
	if v, ok := c.Environment.Get("COSIGN_PASSWORD"); ok {
		return actions.NewSecret(v.Value), true, nil
	}
	if !c.Piped {
		return actions.Secret{}, false, nil
	}
	const most = 1 << 20
	text, err := io.ReadAll(io.LimitReader(c.Stdin, most))
	return actions.NewSecret(string(text)), true, err
}

// kubeconfig is the value of KUBECONFIG. Files that a line of the lesson chose lie in the lesson's directory, unless the
// line is trusted with the machine.
func (c *Call) kubeconfig() (string, error) {
	v, ok := c.Environment.Get("KUBECONFIG")
	if !ok || c.AllowHost || !v.Source.ByLine() {
		return v.Value, nil
	}
	var files []string
	for _, file := range filepath.SplitList(v.Value) {
		host, err := c.Files.Host(c.Dir, file)
		if err != nil {
			return "", err
		}
		files = append(files, host)
	}
	return strings.Join(files, string(filepath.ListSeparator)), nil
}
