//go:build interop

package interop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keyed is a sandbox with an image for signatures of key pairs, in which lines of both cosigns work in the same directory.
type keyed struct{ *bench }

const password = "COSIGN_PASSWORD=between us"

func withKeys(t *testing.T) *keyed {
	t.Helper()
	b := up(t)
	b.exec(t, "source ./copy-image-to-quay.sh && cosign initialize && cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD")
	b.work = filepath.Join(b.dir, "workspace")
	return &keyed{b}
}

// signsAndVerifies has a tool sign a fresh image with key, and all of them verify that with the public key, and with no other.
func (k *keyed) signsAndVerifies(t *testing.T, tool, image, key, public string, more ...string) {
	t.Helper()
	image = k.copies(t, image)
	line := "sign --yes --key " + key + " " + image
	k.line(t, tool, line, more...)
	k.passes(t, image, public)
}

// line runs a line of a cosign: "sigwalk" for the built-in one.
func (k *keyed) line(t *testing.T, tool, line string, more ...string) outcome {
	t.Helper()
	more = append([]string{password}, more...)
	switch tool {
	case "sigwalk":
		o := k.exec(t, "cosign "+line, more...)
		if o.code != 0 {
			t.Fatalf("$ cosign %s\n%s", line, o)
		}
		return o
	case "cosign3":
		return k.sh(t, terminal3+"cosign3 "+line, more...)
	}
	return k.sh(t, terminal+"cosign2 "+line, more...)
}

// passes looks whether all tools accept one signature of the image with a public key, and none with another.
func (k *keyed) passes(t *testing.T, image, public string, flags ...string) {
	t.Helper()
	verify := "verify " + strings.Join(flags, " ") + " --key "
	k.sh(t, terminal+"cosign2 "+verify+public+" "+image+" | jq -e 'length == 1'")
	k.sh(t, `sigwalk exec --dir "$DIR" -- 'cosign `+verify+public+" "+image+` | jq length' | grep -qx 1`)
	for _, o := range []outcome{
		k.try(t, terminal+"cosign2 "+verify+"stranger.pub "+image), k.exec(t, "cosign "+verify+"stranger.pub "+image),
	} {
		if o.code == 0 || !strings.Contains(o.stderr, "no matching signatures") {
			t.Errorf("with a stranger's key: %s", o)
		}
	}
}

// TestKeysInterchange: a key pair made by either signs with either, and what it signed passes with all.
func TestKeysInterchange(t *testing.T) {
	k := withKeys(t)
	k.line(t, "cosign2", "generate-key-pair --output-key-prefix stranger")
	for _, maker := range []string{"sigwalk", "cosign2"} {
		prefix := maker + "-made"
		made := k.line(t, maker, "generate-key-pair --output-key-prefix "+prefix)
		if want := "Private key written to " + prefix + ".key\nPublic key written to " + prefix + ".pub\n"; made.stderr != want {
			t.Errorf("%s: %s", maker, made)
		}
		for _, file := range []struct {
			name string
			mode os.FileMode
		}{{prefix + ".key", 0o600}, {prefix + ".pub", 0o644}} {
			info, err := os.Stat(filepath.Join(k.work, file.name))
			if err != nil || info.Mode().Perm() != file.mode {
				t.Errorf("%s: %v, %v, want %v", file.name, info.Mode(), err, file.mode)
			}
		}
		public, err := os.ReadFile(filepath.Join(k.work, prefix+".pub"))
		if err != nil {
			t.Fatal(err)
		}
		for _, signer := range []string{"sigwalk", "cosign2"} {
			if o := k.line(t, signer, "public-key --key "+prefix+".key"); o.stdout != string(public) {
				t.Errorf("the public key by %s: %s, want %s", signer, o, public)
			}
			image := maker + "-" + signer
			k.signsAndVerifies(t, signer, image, prefix+".key", prefix+".pub")
			env := k.copies(t, image+"-env")
			variable := `export PRIVATE="$(cat ` + prefix + `.key)"; `
			line := " sign --yes --key env://PRIVATE " + env
			if signer == "cosign2" {
				k.sh(t, terminal+variable+signer+line, password)
			} else if o := k.exec(t, variable+"cosign"+line, password); o.code != 0 {
				t.Fatal(o)
			}
			k.passes(t, env, prefix+".pub")

			// Without the log, and with a public key from a variable.
			quiet := k.copies(t, image+"-quiet")
			before := k.entriesInLog(t)
			k.line(t, signer, "sign --key "+prefix+".key --tlog-upload=false "+quiet)
			if after := k.entriesInLog(t); after != before {
				t.Errorf("%s wrote %d entries to the log", signer, after-before)
			}
			k.passes(t, quiet, prefix+".pub", "--insecure-ignore-tlog")
			for _, o := range []outcome{
				k.try(t, terminal+"cosign2 verify --key "+prefix+".pub "+quiet), k.exec(t, "cosign verify --key "+prefix+".pub "+quiet),
			} {
				if o.code != 12 {
					t.Errorf("without a log entry it passes with the log: %s", o)
				}
			}
			// A wrong password opens nothing, and what was said is no secret.
			line = "sign --yes --key " + prefix + ".key " + quiet
			for _, o := range []outcome{
				k.try(t, terminal+"cosign2 "+line, "COSIGN_PASSWORD=Between us"), k.exec(t, "cosign "+line, "COSIGN_PASSWORD=Between us"),
			} {
				if o.code != 1 || !strings.Contains(o.stderr, "decrypt") || strings.Contains(o.stderr, "etween us") {
					t.Errorf("with a wrong password: %s", o)
				}
			}
		}
		// In bundles, for cosign 3 and by it.
		bundled := k.copies(t, maker+"-bundled")
		k.line(t, "sigwalk", "sign --yes --new-bundle-format --key "+prefix+".key "+bundled)
		k.sh(t, terminal3+"cosign3 verify --key "+prefix+".pub "+bundled)
		k.line(t, "cosign3", "sign --yes --key "+prefix+".key "+bundled)
		if o := k.sh(t, terminal+`sigwalk verify --dir "$DIR" --key `+prefix+".pub -o json "+bundled+` | jq '[.signatures[] | select(.verified)] | length'`); o.stdout != "2\n" {
			t.Errorf("%s of 2 verify", o)
		}
	}
}

func (k *keyed) file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(k.work, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// entriesInLog is how many entries the log has.
func (k *keyed) entriesInLog(t *testing.T) int64 {
	t.Helper()
	return k.logInfo(t).ActiveTreeSize
}

// TestImportedKeysInterchange: a private key of another program, brought into cosign's format by either, signs with either.
func TestImportedKeysInterchange(t *testing.T) {
	k := withKeys(t)
	k.line(t, "cosign2", "generate-key-pair --output-key-prefix stranger")
	small, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8 := func(key crypto.PrivateKey) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	for _, c := range []struct {
		name, block string
		der         []byte
	}{
		{"rsa-pkcs1", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(small)},
		{"rsa-pkcs8", "PRIVATE KEY", pkcs8(small)},
		{"ec-sec1", "EC PRIVATE KEY", sec1},
		{"ec-pkcs8", "PRIVATE KEY", pkcs8(curve)},
	} {
		t.Run(c.name, func(t *testing.T) {
			plain := c.name + ".pem"
			if err := os.WriteFile(filepath.Join(k.work, plain), pem.EncodeToMemory(&pem.Block{Type: c.block, Bytes: c.der}), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, importer := range []string{"sigwalk", "cosign2"} {
				prefix := importer + "-" + c.name
				k.line(t, importer, "import-key-pair --key "+plain+" --output-key-prefix "+prefix)
				other := map[string]string{"sigwalk": "cosign2", "cosign2": "sigwalk"}[importer]
				k.signsAndVerifies(t, importer, prefix+"-own", prefix+".key", prefix+".pub")
				k.signsAndVerifies(t, other, prefix+"-other", prefix+".key", prefix+".pub")
			}
			if k.file(t, "sigwalk-"+c.name+".pub") != k.file(t, "cosign2-"+c.name+".pub") {
				t.Error("the public keys differ")
			}
		})
	}
}
