package keys_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigstore/cosign/v2/pkg/cosign"
	"pgregory.net/rapid"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/keys"
)

// person answers the questions in turn, and keeps them.
type person struct {
	answers []actions.Answer
	asked   []actions.Question
	notes   []string
}

func (p *person) Event(_ context.Context, e actions.Event) {
	if note, ok := e.(actions.Note); ok {
		p.notes = append(p.notes, note.Text)
	}
}

func (p *person) Ask(_ context.Context, q actions.Question) (actions.Answer, error) {
	p.asked = append(p.asked, q)
	if len(p.answers) == 0 {
		return actions.Answer{}, actions.ErrNobodyToAsk
	}
	answer := p.answers[0]
	p.answers = p.answers[1:]
	return answer, nil
}

func types(text string) actions.Answer { return actions.Answer{Text: actions.NewSecret(text)} }

// directory is a directory of the machine.
type directory string

func (d directory) Exists(name string) (bool, error) {
	_, err := os.Stat(filepath.Join(string(d), name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (d directory) Write(name string, content []byte, perm fs.FileMode, replace bool) error {
	path := filepath.Join(string(d), name)
	if replace {
		return os.WriteFile(path, content, perm)
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	return errors.Join(err, file.Close())
}

func known(password string) keys.PasswordFunc {
	return func(context.Context) (actions.Secret, bool, error) { return actions.NewSecret(password), true, nil }
}

func assertError(t *testing.T, err error, code actions.Code, why string) {
	t.Helper()
	var e *actions.Error
	if !errors.As(err, &e) || actions.CodeOf(err) != code {
		t.Fatalf("%v, want code %q", err, code)
	}
	if !strings.Contains(e.Why, why) || e.Next == "" {
		t.Errorf("why %q does not say %q, or next is empty: %q", e.Why, why, e.Next)
	}
}

func TestGenerateAsksTwice(t *testing.T) {
	p := &person{answers: []actions.Answer{types("pass word"), types("pass word")}}
	pair, err := keys.New(keys.Options{Observer: p}).Generate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(p.asked) != 2 || !p.asked[0].Secret || !p.asked[1].Secret ||
		p.asked[0].Prompt != "Enter password for private key:" || p.asked[1].Prompt != "Enter password for private key again:" {
		t.Errorf("asked %+v", p.asked)
	}
	loaded, err := cosign.LoadPrivateKey(pair.Private, []byte("pass word"), nil)
	if err != nil {
		t.Fatal(err)
	}
	public, err := loaded.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	if key, ok := pair.Public.(interface{ Equal(x any) bool }); ok && !key.Equal(public) {
		t.Error("the two halves do not belong together")
	}
	if _, err := cosign.LoadPrivateKey(pair.Private, nil, nil); err == nil {
		t.Error("the key opens without its password")
	}
}

func TestGenerateRefuses(t *testing.T) {
	p := &person{answers: []actions.Answer{types("one"), types("two")}}
	_, err := keys.New(keys.Options{Observer: p}).Generate(t.Context())
	assertError(t, err, actions.CodeKeyPassword, "not the same way")
	_, err = keys.New(keys.Options{}).Generate(t.Context())
	assertError(t, err, actions.CodeNobodyToAsk, "")
}

func TestSaveOverwritesNothingUnasked(t *testing.T) {
	client := func(answers ...actions.Answer) (*keys.Client, *person) {
		p := &person{answers: answers}
		return keys.New(keys.Options{Observer: p, Password: known("")}), p
	}
	c, p := client()
	first, err := c.Generate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	second, err := c.Generate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files, err := c.Save(t.Context(), directory(dir), "my", first, false)
	if err != nil || files.Private != "my.key" || files.Public != "my.pub" || len(p.asked) != 0 {
		t.Fatalf("%+v, %v, asked %v", files, err, p.asked)
	}
	holds := func(pair *keys.Pair) {
		t.Helper()
		private, err := os.ReadFile(filepath.Join(dir, "my.key"))
		if err != nil {
			t.Fatal(err)
		}
		public, err := os.ReadFile(filepath.Join(dir, "my.pub"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(private, pair.Private) || !bytes.Equal(public, pair.PublicPEM) {
			t.Error("the files hold another pair")
		}
	}
	holds(first)
	for name, mode := range map[string]fs.FileMode{"my.key": 0o600, "my.pub": 0o644} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}

	_, err = c.Save(t.Context(), directory(dir), "my", second, false)
	assertError(t, err, actions.CodeKeyInTheWay, "nobody is there")
	c, p = client(actions.Answer{})
	_, err = c.Save(t.Context(), directory(dir), "my", second, false)
	assertError(t, err, actions.CodeKeyInTheWay, "you said no")
	if len(p.asked) != 1 || p.asked[0].Text != "WARNING: File my.key already exists. Overwrite?" || !p.asked[0].YesNo {
		t.Errorf("asked %+v", p.asked)
	}
	holds(first)
	c, _ = client(actions.Answer{Yes: true})
	if _, err = c.Save(t.Context(), directory(dir), "my", second, false); err != nil {
		t.Fatal(err)
	}
	holds(second)
	c, p = client()
	if _, err = c.Save(t.Context(), directory(dir), "my", first, true); err != nil || len(p.asked) != 0 || len(p.notes) != 1 {
		t.Fatalf("%v, asked %v, noted %v", err, p.asked, p.notes)
	}
	holds(first)

	// The public key alone is in the way as well.
	if err := os.WriteFile(filepath.Join(dir, "other.pub"), []byte("somebody's"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = c.Save(t.Context(), directory(dir), "other", second, false)
	assertError(t, err, actions.CodeKeyInTheWay, "")
	if _, err := os.Stat(filepath.Join(dir, "other.key")); err == nil {
		t.Error("half a pair was written")
	}
}

func TestSignerFromEachPlace(t *testing.T) {
	pair, err := keys.New(keys.Options{Password: known("pw")}).Generate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(pair.Private) }))
	defer server.Close()
	p := &person{answers: []actions.Answer{types("pw"), types("pw"), types("pw")}}
	c := keys.New(keys.Options{
		Observer: p,
		ReadFile: func(path string) ([]byte, error) {
			if path != "inside.key" {
				return nil, fs.ErrNotExist
			}
			return pair.Private, nil
		},
		LookupEnv: func(name string) (string, bool) { return string(pair.Private), name == "MY_KEY" },
	})
	for _, reference := range []string{"inside.key", "env://MY_KEY", server.URL + "/k"} {
		key, err := c.Signer(t.Context(), reference)
		if err != nil {
			t.Errorf("%s: %v", reference, err)
			continue
		}
		if !bytes.Equal(key.PublicPEM, pair.PublicPEM) || key.Reference != reference {
			t.Errorf("%s gives %+v", reference, key)
		}
		if _, err := key.SignMessage(strings.NewReader("words")); err != nil {
			t.Error(err)
		}
	}
	if len(p.asked) != 3 { // once each: the key exists already
		t.Errorf("asked %+v", p.asked)
	}
}

func TestSignerSaysWhatIsWrong(t *testing.T) {
	pair, err := keys.New(keys.Options{Password: known("pw")}).Generate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	plain := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(private)})
	block, _ := pem.Decode(pair.Private)
	damaged := pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: []byte(strings.Replace(string(block.Bytes), "scrypt", "scrape", 1))})
	for name, c := range map[string]struct {
		reference, content, password string
		code                         actions.Code
		why                          string
	}{
		"wrong password":   {"k", string(pair.Private), "other", actions.CodeKeyPassword, "password is wrong"},
		"cut off":          {"k", string(pair.Private[:200]), "pw", actions.CodeKeyUnreadable, "cut off"},
		"empty":            {"k", "", "pw", actions.CodeKeyUnreadable, "no key in PEM"},
		"damaged":          {"k", string(damaged), "pw", actions.CodeKeyUnreadable, "kdf"},
		"public key":       {"k", string(pair.PublicPEM), "pw", actions.CodeKeyUnreadable, "public key"},
		"another's format": {"k", string(plain), "pw", actions.CodeKeyUnreadable, "RSA PRIVATE KEY"},
		"no file":          {"missing", "", "pw", actions.CodeKeyUnreadable, "not exist"},
		"no variable":      {"env://NOTHING", "", "pw", actions.CodeKeyUnreadable, "NOTHING is not set"},
		"no scheme":        {"ftp://host/key", "", "pw", actions.CodeKeyUnreadable, "ftp"},
		"AWS":              {"awskms:///alias/x", "", "pw", actions.CodeNotBuiltIn, "client libraries"},
		"token":            {"pkcs11:token=x", "", "pw", actions.CodeNotBuiltIn, ""},
		"GitLab":           {"gitlab://project", "", "pw", actions.CodeNotBuiltIn, ""},
	} {
		t.Run(name, func(t *testing.T) {
			client := keys.New(keys.Options{
				Password: known(c.password), LookupEnv: func(string) (string, bool) { return "", false },
				ReadFile: func(path string) ([]byte, error) {
					if path == "missing" {
						return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
					}
					return []byte(c.content), nil
				},
			})
			_, err := client.Signer(t.Context(), c.reference)
			assertError(t, err, c.code, c.why)
		})
	}
}

// However a key file is cut or changed, the answer is a key or an explained error that gives nothing of it away.
func TestDamagedKeysAreExplained(t *testing.T) {
	const password = "open sesame"
	pair, err := keys.New(keys.Options{Password: known(password)}).Generate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(string(pair.Private))
		switch from := rapid.IntRange(0, len(text)-1).Draw(t, "at"); rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			text = text[:from]
		case 1:
			text = text[from:]
		default:
			text[from] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
		}
		client := keys.New(keys.Options{Password: known(password), ReadFile: func(string) ([]byte, error) { return text, nil }})
		key, err := client.Signer(context.Background(), "cosign.key")
		if err == nil {
			if !bytes.Equal(key.PublicPEM, pair.PublicPEM) {
				t.Fatal("a changed file opens as another key")
			}
			return
		}
		var e *actions.Error
		if !errors.As(err, &e) || e.Why == "" || e.Next == "" {
			t.Fatalf("not explained: %v", err)
		}
		if strings.Contains(e.What+e.Why+e.Next, password) {
			t.Fatal("the error tells the password")
		}
	})
}

func TestImport(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "key.pem")
	write := func(kind string, der []byte) {
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := keys.New(keys.Options{Password: known("pw")})
	for kind, der := range map[string][]byte{"PRIVATE KEY": der, "RSA PRIVATE KEY": x509.MarshalPKCS1PrivateKey(private)} {
		write(kind, der)
		pair, err := c.Import(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if public, ok := pair.Public.(*rsa.PublicKey); !ok || !public.Equal(private.Public()) {
			t.Errorf("%s comes out as another key", kind)
		}
	}
	write("ENCRYPTED PRIVATE KEY", der)
	_, err = c.Import(t.Context(), path)
	assertError(t, err, actions.CodeKeyUnreadable, "unsupported private key")
	_, err = c.Import(t.Context(), path+".missing")
	assertError(t, err, actions.CodeKeyUnreadable, "no such file")
	p := &person{answers: []actions.Answer{types("a"), types("b")}}
	write("PRIVATE KEY", der)
	_, err = keys.New(keys.Options{Observer: p}).Import(t.Context(), path)
	assertError(t, err, actions.CodeKeyPassword, "")
}
