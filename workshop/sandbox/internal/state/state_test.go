package state

import (
	"bytes"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestKeyIsMadeOnceForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	key, err := Key(path)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Key(path)
	if err != nil {
		t.Fatal(err)
	}
	if !again.Equal(key) {
		t.Error("the key is another one the second time")
	}
	stat, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if stat.Mode().Perm() != 0o600 {
		t.Errorf("the key's file has the mode %v", stat.Mode())
	}
	if left, err := filepath.Glob(path + ".*"); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestBrokenFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file.pem")
	for name, content := range map[string]string{
		"empty":           "",
		"no PEM":          "hello",
		"PEM of nonsense": "-----BEGIN PRIVATE KEY-----\naGVsbG8=\n-----END PRIVATE KEY-----\n",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Key(path); !errors.Is(err, ErrUnreadable) {
			t.Errorf("a key, %s: %v, want ErrUnreadable", name, err)
		}
		if _, err := Certificates(path); !errors.Is(err, ErrUnreadable) {
			t.Errorf("a certificate, %s: %v, want ErrUnreadable", name, err)
		}
		if now, err := os.ReadFile(path); err != nil || string(now) != content {
			t.Errorf("%s: the file was changed", name)
		}
	}
	if _, err := Certificates(filepath.Join(t.TempDir(), "none")); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrUnreadable) {
		t.Errorf("a file that is not there: %v, want fs.ErrNotExist alone", err)
	}
}

func TestWriteKeepsWhatWasThereWhenItFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("x")); !errors.Is(err, ErrUnwritable) {
		t.Errorf("over a directory: %v, want ErrUnwritable", err)
	}
	if err := Write(filepath.Join(dir, "none", "file"), nil); !errors.Is(err, ErrUnwritable) {
		t.Errorf("in a directory that is not there: %v, want ErrUnwritable", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestAuthority(t *testing.T) {
	dir := t.TempDir()
	made, err := OpenAuthority(dir, "test", x509.ExtKeyUsageCodeSigning)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := OpenAuthority(dir, "test", x509.ExtKeyUsageCodeSigning)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(opened.ChainPEM(), made.ChainPEM()) || !opened.Key.Equal(made.Key) {
		t.Error("the authority is another one the second time")
	}
	key, err := Key(filepath.Join(dir, "leaf.pem"))
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := Certify(&x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}},
		opened.Intermediate, &key.PublicKey, opened.Key)
	if err != nil {
		t.Fatal(err)
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(made.Root)
	intermediates.AddCert(made.Intermediate)
	for usage, good := range map[x509.ExtKeyUsage]bool{x509.ExtKeyUsageCodeSigning: true, x509.ExtKeyUsageTimeStamping: false} {
		_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, KeyUsages: []x509.ExtKeyUsage{usage}})
		if (err == nil) != good {
			t.Errorf("a certificate for usage %v: %v", usage, err)
		}
	}

	// What a crash in the middle of making it leaves is completed, with the keys that are there.
	if err := os.Remove(filepath.Join(dir, "chain.pem")); err != nil {
		t.Fatal(err)
	}
	completed, err := OpenAuthority(dir, "test", x509.ExtKeyUsageCodeSigning)
	if err != nil {
		t.Fatal(err)
	}
	if !completed.Key.Equal(made.Key) {
		t.Error("a new key was made though there was one")
	}
}
