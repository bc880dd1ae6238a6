package keys

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"

	"github.com/sigwalk/sigwalk/actions"
)

// Directory is where key files go.
type Directory interface {
	// Exists reports whether there is a file of that name.
	Exists(name string) (bool, error)
	// Write stores a file. With replace it takes the place of one that is there, which is whole until then; without, it
	// fails with fs.ErrExist when there is one.
	Write(name string, content []byte, perm fs.FileMode, replace bool) error
}

// Files says which files keep a key pair.
type Files struct {
	Private   string // empty where the private key is in a cluster
	Public    string
	PublicKey crypto.PublicKey
}

const (
	// QuestionOverwrite is the ID of the question whether a file may be replaced.
	QuestionOverwrite = "key-file-in-the-way"

	privateMode = 0o600
	publicMode  = 0o644
)

// Save writes a pair to PREFIX.key and PREFIX.pub. Where one of them is there already the person is asked, unless yes
// says that it may go; without a yes nothing is written, and CodeKeyInTheWay says so.
func (c *Client) Save(ctx context.Context, dir Directory, prefix string, pair *Pair, yes bool) (*Files, error) {
	files := &Files{Private: prefix + ".key", Public: prefix + ".pub", PublicKey: pair.Public}
	replace, err := c.clear(ctx, dir, yes, files.Private, files.Public)
	if err != nil {
		return nil, err
	}
	if err := write(dir, files.Private, pair.Private, privateMode, replace); err != nil {
		return nil, err
	}
	if err := write(dir, files.Public, pair.PublicPEM, publicMode, replace); err != nil {
		return nil, fmt.Errorf("%s is written, and %w (cosign public-key --key %s writes the public key again)", files.Private, err, files.Private)
	}
	return files, nil
}

// SavePublic writes a public key to a file, and asks as Save does where one is in the way.
func (c *Client) SavePublic(ctx context.Context, dir Directory, name string, pem []byte) error {
	replace, err := c.clear(ctx, dir, false, name)
	if err != nil {
		return err
	}
	return write(dir, name, pem, publicMode, replace)
}

// clear makes sure that files of these names may be written. It reports whether some are there.
func (c *Client) clear(ctx context.Context, dir Directory, yes bool, names ...string) (replace bool, err error) {
	var there string
	for _, name := range names {
		exists, err := dir.Exists(name)
		if err != nil {
			return false, fmt.Errorf("failed checking if %s exists: %w", name, err)
		}
		if exists && there == "" {
			there = name
		}
	}
	if there == "" {
		return false, nil
	}
	text := fmt.Sprintf("File %s already exists. Overwrite?", there)
	if yes {
		c.opts.Observer.Event(ctx, actions.Note{Level: actions.NoteWarning, Text: text})
		return true, nil
	}
	answer, err := c.opts.Observer.Ask(ctx, actions.Question{
		ID: QuestionOverwrite, Text: "WARNING: " + text, Prompt: "Are you sure you would like to continue? [y/N]", YesNo: true,
	})
	nobody := actions.CodeOf(err) == actions.CodeNobodyToAsk
	if err != nil && !nobody {
		return false, err
	}
	if !answer.Yes {
		return false, inTheWay(there, nobody)
	}
	return true, nil
}

func inTheWay(name string, nobody bool) error {
	e := &actions.Error{
		Code: actions.CodeKeyInTheWay,
		What: fmt.Sprintf("the file %s is in the way", name),
		Why:  "a key that is overwritten is gone, and signatures that need it can never be made again; you said no",
		Next: "nothing was changed: move the file, or choose another name",
	}
	if nobody {
		e.Why = "a key that is overwritten is gone, and nobody is there to say yes to that"
	}
	return e
}

func write(dir Directory, name string, content []byte, perm fs.FileMode, replace bool) error {
	err := dir.Write(name, content, perm, replace)
	if errors.Is(err, fs.ErrExist) { // it came between the question and now
		return inTheWay(name, true)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}
