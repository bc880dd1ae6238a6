package trust

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/storage"
	client "github.com/theupdateframework/go-tuf/client/leveldbstore"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

// Cosign before 2.6, and later ones where the mirror has no trusted_root.json, keep the metadata in a LevelDB and the
// targets beside it, whatever the mirror is called (sigstore's pkg/tuf).
const (
	legacyMetadata = "tuf.db"
	legacyTargets  = "targets"
)

// readLegacy reads the metadata that an older client keeps in home. It changes nothing there.
func readLegacy(home string) (raw [rolesOnDisk][]byte, err error) {
	path := filepath.Join(home, legacyMetadata)
	if _, err := os.Stat(path); err != nil {
		return raw, err
	}
	fd, err := storage.OpenFile(path, true)
	if err != nil {
		return raw, err
	}
	defer func() { _ = fd.Close() }()
	db, err := leveldb.Open(fd, &opt.Options{ReadOnly: true, ErrorIfMissing: true})
	if err != nil {
		return raw, err
	}
	defer func() { _ = db.Close() }()
	for i, file := range roleFiles {
		if raw[i], err = db.Get([]byte(file), nil); err != nil {
			return raw, fmt.Errorf("%s: %w", file, err)
		}
	}
	return raw, nil
}

// writeLegacy writes what l holds in the older layout too, for a mirror whose targets cosign reads by no other way.
func writeLegacy(l layout) (err error) {
	store, err := client.FileLocalStore(filepath.Join(l.home, legacyMetadata))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	for _, file := range roleFiles {
		data, err := os.ReadFile(l.role(file))
		if err != nil {
			return err
		}
		if err := store.SetMeta(file, data); err != nil {
			return err
		}
	}
	targets := filepath.Join(l.home, legacyTargets)
	if err := os.MkdirAll(targets, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(l.role("targets"))
	if err != nil {
		return err
	}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(l.role("targets"), entry.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(targets, entry.Name()), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// installLegacy moves what was staged in the older layout, and removes what was there of another mirror.
func installLegacy(staged, home string) error {
	if _, err := os.Stat(filepath.Join(home, legacyMetadata)); err == nil {
		for _, name := range []string{legacyMetadata, legacyTargets} {
			if err := os.RemoveAll(filepath.Join(home, name)); err != nil {
				return err
			}
		}
	}
	for _, name := range []string{legacyMetadata, legacyTargets} {
		if _, err := os.Stat(filepath.Join(staged, name)); err != nil {
			continue
		}
		if err := move(filepath.Join(staged, name), filepath.Join(home, name)); err != nil {
			return err
		}
	}
	return nil
}

// usage is what a target is for, as its custom metadata or else its name says.
func usage(name string, custom *json.RawMessage) string {
	var said struct {
		Sigstore struct {
			Usage string `json:"usage"`
		} `json:"sigstore"`
	}
	if custom != nil && json.Unmarshal(*custom, &said) == nil && said.Sigstore.Usage != "" {
		return strings.ToLower(said.Sigstore.Usage)
	}
	for _, prefix := range []string{"fulcio", "rekor", "ctfe", "tsa"} {
		if strings.HasPrefix(name, prefix) && (strings.HasSuffix(name, ".pem") || strings.HasSuffix(name, ".pub")) {
			return prefix
		}
	}
	return ""
}

// assemble makes a trusted root from single keys and certificates. They carry no dates of their own, so that keys count
// from the beginning, as in cosign.
func (l layout) assemble(set *trustedmetadata.TrustedMetadata) (*root.TrustedRoot, error) {
	var (
		fulcio, tsa []*x509.Certificate
		logs, rekor = map[string]*root.TransparencyLog{}, map[string]*root.TransparencyLog{}
		names       []string
	)
	targets := targetsOf(set)
	for name := range targets {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		what := usage(name, targets[name].Custom)
		if what == "" {
			continue
		}
		data, err := l.readTarget(set, name)
		if err != nil {
			return nil, err
		}
		switch what {
		case "fulcio", "tsa":
			var certificates []*x509.Certificate
			certificates, err = cryptoutils.UnmarshalCertificatesFromPEM(bytes.TrimSpace(data))
			if what == "fulcio" {
				fulcio = append(fulcio, certificates...)
			} else {
				tsa = append(tsa, certificates...)
			}
		case "rekor":
			err = addLog(rekor, data)
		case "ctfe":
			err = addLog(logs, data)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(fulcio) == 0 || len(rekor) == 0 {
		return nil, errors.New("it holds neither " + trustedRootTarget + " nor the certificates of Fulcio and the key of Rekor")
	}
	var authorities []root.CertificateAuthority
	fulcioRoots, others, _ := split(fulcio)
	for _, r := range fulcioRoots {
		authorities = append(authorities, &root.FulcioCertificateAuthority{Root: r, Intermediates: others, ValidityPeriodStart: r.NotBefore})
	}
	var stampers []root.TimestampingAuthority
	tsaRoots, between, leaves := split(tsa)
	for _, r := range tsaRoots {
		authority := &root.SigstoreTimestampingAuthority{Root: r, Intermediates: between, ValidityPeriodStart: r.NotBefore}
		if len(leaves) > 0 {
			authority.Leaf = leaves[0]
		}
		stampers = append(stampers, authority)
	}
	return root.NewTrustedRoot(root.TrustedRootMediaType01, authorities, logs, stampers, rekor)
}

// split tells self-signed certificates, those of authorities below them, and those of nobody's authority apart.
func split(certificates []*x509.Certificate) (roots, between, leaves []*x509.Certificate) {
	for _, c := range certificates {
		switch {
		case !c.IsCA:
			leaves = append(leaves, c)
		case bytes.Equal(c.RawSubject, c.RawIssuer):
			roots = append(roots, c)
		default:
			between = append(between, c)
		}
	}
	return roots, between, leaves
}

func addLog(logs map[string]*root.TransparencyLog, pem []byte) error {
	key, err := cryptoutils.UnmarshalPEMToPublicKey(bytes.TrimSpace(pem))
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return err
	}
	id := sha256.Sum256(der)
	logs[hex.EncodeToString(id[:])] = &root.TransparencyLog{
		ID: id[:], PublicKey: key, HashFunc: crypto.SHA256, SignatureHashFunc: crypto.SHA256, ValidityPeriodStart: time.Unix(0, 0),
	}
	return nil
}
