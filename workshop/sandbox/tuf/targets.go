package tuf

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	trustroot "github.com/sigstore/protobuf-specs/gen/pb-go/trustroot/v1"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// operator is who the signing configuration says runs the services.
const operator = "sandbox.redhatworkshops.io"

// target is one published file.
type target struct {
	name string
	data []byte
	file *metadata.TargetFiles
}

// newTarget describes data. Its usage ("Fulcio", "Rekor", "CTFE", "TSA"; empty for none) is how clients before the
// trusted_root.json find it, whatever its name.
func newTarget(name string, data []byte, usage, uri string) (target, error) {
	// One digest, because with consistent snapshots a client asks for the file under any of those that it is given.
	file, err := metadata.TargetFile().FromBytes(name, data, "sha256")
	if err != nil {
		return target{}, err
	}
	if usage != "" {
		custom, err := json.Marshal(map[string]any{
			"sigstore": map[string]string{"usage": usage, "status": "Active", "uri": uri},
		})
		if err != nil {
			return target{}, err
		}
		raw := json.RawMessage(custom)
		file.Custom = &raw
	}
	return target{name: name, data: data, file: file}, nil
}

// targetsOf returns everything that is published about d. The same deployment gives the same bytes.
func targetsOf(d Deployment) ([]target, error) {
	fulcio, err := chain(d.FulcioChain)
	if err != nil {
		return nil, fmt.Errorf("fulcio's chain: %w", err)
	}
	stamps, err := chain(d.TimestampChain)
	if err != nil {
		return nil, fmt.Errorf("the timestamp authority's chain: %w", err)
	}
	trusted, err := trustedRoot(d, fulcio, stamps)
	if err != nil {
		return nil, err
	}
	signing, err := signingConfig(d)
	if err != nil {
		return nil, err
	}

	type entry struct {
		name       string
		data       []byte
		usage, uri string
	}
	entries := []entry{
		{"fulcio_v1.crt.pem", d.FulcioChain, "Fulcio", d.Fulcio},
		{"rekor.pub", d.RekorKey, "Rekor", d.Rekor},
		{"ctfe.pub", d.CTLogKey, "CTFE", d.CTLog},
		{"trusted_root.json", trusted, "", ""},
		{"signing_config.v0.2.json", signing, "", ""},
	}
	for i, cert := range stamps {
		name := fmt.Sprintf("tsa_intermediate_%d.crt.pem", i-1)
		switch i {
		case 0:
			name = "tsa_leaf.crt.pem"
		case len(stamps) - 1:
			name = "tsa_root.crt.pem"
		}
		text, err := cryptoutils.MarshalCertificateToPEM(cert)
		if err != nil {
			return nil, err
		}
		entries = append(entries, entry{name, text, "TSA", d.Timestamp})
	}
	targets := make([]target, 0, len(entries))
	for _, e := range entries {
		t, err := newTarget(e.name, e.data, e.usage, e.uri)
		if err != nil {
			return nil, err
		}
		targets = append(targets, t)
	}
	return targets, nil
}

func chain(text []byte) ([]*x509.Certificate, error) {
	certs, err := cryptoutils.UnmarshalCertificatesFromPEM(text)
	if err == nil && len(certs) == 0 {
		err = errors.New("it is empty")
	}
	return certs, err
}

// trustedRoot returns trusted_root.json, from which current clients take every key and certificate.
func trustedRoot(d Deployment, fulcio, stamps []*x509.Certificate) ([]byte, error) {
	last := len(fulcio) - 1
	authority := &root.FulcioCertificateAuthority{
		Root: fulcio[last], Intermediates: fulcio[:last], ValidityPeriodStart: d.Since, URI: d.Fulcio,
	}
	last = len(stamps) - 1
	if last == 0 {
		return nil, errors.New("the timestamp authority's chain has no root apart from the certificate that signs")
	}
	stamping := &root.SigstoreTimestampingAuthority{
		Root: stamps[last], Intermediates: stamps[1:last], Leaf: stamps[0], ValidityPeriodStart: d.Since,
		URI: strings.TrimSuffix(d.Timestamp, "/api/v1/timestamp"),
	}
	rekor, err := transparencyLog(d, d.Rekor, d.RekorKey)
	if err != nil {
		return nil, fmt.Errorf("rekor's key: %w", err)
	}
	ct, err := transparencyLog(d, d.CTLog, d.CTLogKey)
	if err != nil {
		return nil, fmt.Errorf("the CT log's key: %w", err)
	}
	trusted, err := root.NewTrustedRoot(root.TrustedRootMediaType01,
		[]root.CertificateAuthority{authority}, ct, []root.TimestampingAuthority{stamping}, rekor)
	if err != nil {
		return nil, err
	}
	return stable(trusted)
}

func transparencyLog(d Deployment, url string, text []byte) (map[string]*root.TransparencyLog, error) {
	key, err := cryptoutils.UnmarshalPEMToPublicKey(text)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, err
	}
	id := sha256.Sum256(der)
	return map[string]*root.TransparencyLog{
		hex.EncodeToString(id[:]): {
			BaseURL: url, ID: id[:], ValidityPeriodStart: d.Since, HashFunc: crypto.SHA256, PublicKey: key,
		},
	}, nil
}

// signingConfig returns signing_config.v0.2.json, from which cosign v3 takes the addresses of the services.
func signingConfig(d Deployment) ([]byte, error) {
	service := func(url string) []root.Service {
		return []root.Service{{URL: url, MajorAPIVersion: 1, ValidityPeriodStart: d.Since, Operator: operator}}
	}
	one := root.ServiceConfiguration{Selector: trustroot.ServiceSelector_ANY}
	config, err := root.NewSigningConfig(root.SigningConfigMediaType02,
		service(d.Fulcio), service(d.OIDCIssuer), service(d.Rekor), one, service(d.Timestamp), one)
	if err != nil {
		return nil, err
	}
	return stable(config)
}

// stable returns m's JSON laid out for people. The protobuf encoder changes its spaces from one build of a program to the
// next, so that nobody relies on them; a target must not change with them.
func stable(m json.Marshaler) ([]byte, error) {
	text, err := m.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return nil, err
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}

func sameJSON(a, b *json.RawMessage) bool {
	if a == nil || b == nil {
		return a == b
	}
	var left, right any
	return json.Unmarshal(*a, &left) == nil && json.Unmarshal(*b, &right) == nil && reflect.DeepEqual(left, right)
}
