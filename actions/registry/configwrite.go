package registry

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/sigwalk/sigwalk/actions"
)

// storePlain writes the credentials into config.json.
func (c *dockerConfig) storePlain(server, user string, password actions.Secret) error {
	entry, err := json.Marshal(map[string]string{
		"auth": base64.StdEncoding.EncodeToString([]byte(user + ":" + password.Reveal())),
	})
	if err != nil {
		return err
	}
	return writeEntry(c.path, server, entry)
}

// writeEntry sets auths[server] in the file at path and leaves everything else in it as it is, also what this version
// of Docker's configuration does not know. It writes a new file beside it and puts that in its place, so that nobody
// ever reads half of it.
func writeEntry(path, server string, entry []byte) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	text, err := os.ReadFile(path)
	mode := fs.FileMode(0o600)
	switch info, statErr := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return unwritable(path, err)
	case statErr == nil:
		mode = info.Mode().Perm()
	}
	text, err = withAuth(text, server, entry)
	if err != nil {
		return brokenConfig(path, err)
	}
	if err := replace(path, text, mode); err != nil {
		return unwritable(path, err)
	}
	return nil
}

// replace puts a file with this text in the place of path.
func replace(path string, text []byte, mode fs.FileMode) (err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	out, err := os.CreateTemp(dir, ".config-*.json")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(out.Name())
		}
	}()
	_, err = out.Write(text)
	err = errors.Join(err, out.Chmod(mode), out.Sync(), out.Close())
	if err != nil {
		return err
	}
	return os.Rename(out.Name(), path)
}

func unwritable(path string, err error) error {
	e := &actions.Error{
		Code: actions.CodeStateUnwritable,
		What: fmt.Sprintf("the credentials cannot be stored in %s", path),
		Why:  err.Error(),
		Next: "make the directory writable for you, or point DOCKER_CONFIG to another one",
		Err:  err,
	}
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Why = "the disk is full"
		e.Next = "make room and log in again; the file is as it was before"
	case errors.Is(err, syscall.EROFS):
		e.Why = "the file system is read-only"
	case errors.Is(err, fs.ErrPermission):
		e.Why = "you have no right to write there"
	}
	return e
}

// withAuth sets auths[server] in the text of a config.json and keeps the order and spelling of the rest.
func withAuth(text []byte, server string, entry []byte) ([]byte, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{}")
	}
	config, err := parseObject(text)
	if err != nil {
		return nil, err
	}
	old, found := config.get("auths")
	if !found || string(old) == "null" {
		old = []byte("{}")
	}
	auths, err := parseObject(old)
	if err != nil {
		return nil, fmt.Errorf("auths: %w", err)
	}
	auths.set(server, entry)
	config.set("auths", auths.text())
	var out bytes.Buffer
	if err := json.Indent(&out, config.text(), "", "\t"); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

// object is a JSON object with its keys in order.
type object struct{ members []member }

type member struct {
	key   string
	value json.RawMessage
}

func parseObject(text []byte) (*object, error) {
	in := json.NewDecoder(bytes.NewReader(text))
	if token, err := in.Token(); err != nil {
		return nil, err
	} else if token != json.Delim('{') {
		return nil, errors.New("it is not a JSON object")
	}
	o := &object{}
	for in.More() {
		key, err := in.Token()
		if err != nil {
			return nil, err
		}
		m := member{key: key.(string)} // the decoder yields nothing else in this place
		if err := in.Decode(&m.value); err != nil {
			return nil, err
		}
		o.members = append(o.members, m)
	}
	if _, err := in.Token(); err != nil {
		return nil, err
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the end of the JSON object")
	}
	return o, nil
}

func (o *object) get(key string) (json.RawMessage, bool) {
	for _, m := range o.members {
		if m.key == key {
			return m.value, true
		}
	}
	return nil, false
}

func (o *object) set(key string, value json.RawMessage) {
	for i := range o.members {
		if o.members[i].key == key {
			o.members[i].value = value
			return
		}
	}
	o.members = append(o.members, member{key, value})
}

func (o *object) text() json.RawMessage {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, m := range o.members {
		if i > 0 {
			out.WriteByte(',')
		}
		key, _ := json.Marshal(m.key) // a string always has a form
		out.Write(key)
		out.WriteByte(':')
		out.Write(m.value)
	}
	out.WriteByte('}')
	return out.Bytes()
}
