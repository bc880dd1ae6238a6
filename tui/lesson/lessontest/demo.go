package lessontest

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop"
	"github.com/sigwalk/sigwalk/workshop/environment"
)

const (
	quay   = "quay-qkw52.apps.cluster-qkw52.example.com"
	image  = quay + "/l3-students/l3-rhads-demoimage"
	digest = "sha256:5c50daa8f1a2b9c6e2b3d4f5a6978877665544332211ffeeddccbbaa99887766"
	issuer = "https://sso.apps.cluster-qkw52.example.com/realms/trusted-artifact-signer"
)

// Lesson returns a lesson of the kind that ships, with texts of its own.
func Lesson() *workshop.Lesson {
	check := func(titles ...string) (out []workshop.Check) {
		for _, t := range titles {
			out = append(out, workshop.Check{Title: t})
		}
		return out
	}
	return &workshop.Lesson{
		Name: "sign-an-image", Title: "Sign an image", Minutes: 10,
		Steps: []workshop.Step{
			{
				ID: "copy", Title: "Copy the image to Quay", Kind: workshop.Changes, Command: "source ./copy-image-to-quay.sh",
				Text:     "The image lies in a public registry. To sign it you need **a place you may write to**, so copy it first.\n\nThe script leaves two variables behind:\n\n- `IMAGE`, the copy\n- `QUAY`, the registry it lies in",
				Expected: "Copying Image to Quay\nSource Image: <image>\nCopying blob <digest> done | <number>\n...",
				Checks:   check("the copy has the digest of the source", "$IMAGE is set"),
			},
			{
				ID: "trust", Title: "Fetch the trust root", Kind: workshop.Changes, Command: "cosign initialize", View: "trust",
				Text:   "A signature is worth as much as the keys you check it with. `cosign initialize` fetches them, and TUF makes sure they are the right ones.",
				Why:    "Whoever can hand you a false root can hand you false signatures. So the first root is *pinned* by its checksum.",
				Hints:  []string{"The mirror stands in `COSIGN_MIRROR`.", "`echo $COSIGN_ROOT_CHECKSUM` shows the pin."},
				Checks: check("the trust root is there and not expired"),
			},
			{
				ID: "login", Title: "Log in to the registry", Kind: workshop.Changes, Needs: []string{"copy"},
				Command: `cosign login $QUAY -u $QUAY_USER -p "$QUAY_PASSWORD"`,
				Text:    "Cosign pushes the signature next to the image, so it needs write access to the repository.",
				Checks:  check("the stored credentials work", "they may push to l3-students/l3-rhads-demoimage"),
			},
			{
				ID: "sign", Title: "Sign with an identity token", Kind: workshop.Changes, Needs: []string{"copy", "login"},
				Command: "source ./get-access-token.sh\ncosign sign $IMAGE",
				Text:    "A pipeline has no browser. It asks the identity provider for a token, and cosign finds it in `SIGSTORE_ID_TOKEN`.",
				Checks:  check("pipeline-auth@demo.redhat.com has signed this digest"),
			},
			{
				ID: "tree", Title: "Look at the tree", Kind: workshop.Observes, Needs: []string{"sign"}, Command: "cosign tree $IMAGE", View: "tree",
				Text:   "Where is the signature now? Beside the image, under a tag made from its digest.",
				Checks: check("the tree shows a signature"),
			},
			{
				ID: "verify", Title: "Verify one identity", Kind: workshop.Observes, Needs: []string{"sign"}, View: "table",
				Command: "cosign verify $IMAGE --certificate-identity=pipeline-auth@demo.redhat.com",
				Text:    "Verification asks two questions: *is the signature right*, and *is it by whom you expect*.",
				Checks:  check("a signature of pipeline-auth@demo.redhat.com is verified"),
			},
			{
				ID: "table", Title: "Everyone, as a table", Kind: workshop.Observes, Needs: []string{"sign"}, View: "table",
				Command: "cosign verify $IMAGE --certificate-identity-regexp='.*@demo\\.redhat\\.com$' --certificate-oidc-issuer-regexp='\\.example\\.com/' | jq -r '.[] | .optional | [.Bundle.Payload.logIndex, .Subject, .Issuer] | @tsv' | column -t",
				Text:    "A regular expression takes many identities at once. `jq` and `column` make a table of the answer.",
				Checks:  check("the table has at least four rows"),
			},
			{
				ID: "wrong", Title: "A verification that must fail", Kind: workshop.Observes, Needs: []string{"sign"},
				Command: "cosign verify $IMAGE --certificate-identity=nobody@demo.redhat.com",
				Text:    "If any name were good enough, a signature would say nothing.",
				Checks:  check("the verification ends with exit code 12"),
			},
			{
				ID: "end", Title: "What you have now", Kind: workshop.Observes,
				Text: "You have signed an image, and you can say who did, and why one can believe it.",
			},
		},
	}
}

// Env returns the variables of the demo.
func Env() []environment.Variable {
	return []environment.Variable{
		{Name: "COSIGN_FULCIO_URL", Value: "http://127.0.0.1:40123", Source: "sandbox", Exported: true},
		{Name: "COSIGN_MIRROR", Value: "http://127.0.0.1:40127", Source: "sandbox", Exported: true},
		{Name: "COSIGN_REKOR_URL", Value: "http://127.0.0.1:40125", Source: "sandbox", Exported: true},
		{Name: "COSIGN_ROOT_CHECKSUM", Value: strings.Repeat("ab12", 16), Source: "sandbox", Exported: true},
		{Name: "IMAGE", Value: image + ":latest", Source: "lesson", Exported: true},
		{Name: "OIDC_ISSUER", Value: issuer, Source: "sandbox", Exported: true},
		{Name: "QUAY", Value: quay, Source: "lesson", Exported: true},
		{Name: "QUAY_PASSWORD", Value: "never-to-be-seen", Source: "sandbox", Secret: true, Exported: true},
		{Name: "QUAY_USER", Value: "quayadmin", Source: "sandbox", Exported: true},
		{Name: "SIGSTORE_ID_TOKEN", Value: "eyJ-never-to-be-seen", Source: "lesson", Secret: true, Exported: true},
		{Name: "TUF_ROOT", Value: "", Source: "default"},
	}
}

// Demo returns a session of Lesson whose steps play like the real ones.
func Demo() *Session {
	return New(Lesson(), Env(), []Play{playCopy, playTrust, playLogin, playSign, playTree, playVerify, playVerify, playWrong, nil})
}

func hash(hex string) v1.Hash {
	return v1.Hash{Algorithm: "sha256", Hex: strings.TrimPrefix(hex, "sha256:")}
}

func playCopy(_ context.Context, st *Stage) error {
	st.Print("Copying Image to Local Quay Registry\nSource Image: quay.io/tssc_demos/l3-rhads-demoimage:latest\n")
	for i, short := range []string{"2fe2b9e85b7c", "8e2f63be1497", "18b10354aea3", "208837735122"} {
		st.Print(fmt.Sprintf("Copying blob %s done   | %d\n", short, i))
	}
	source, _ := name.ParseReference("quay.io/tssc_demos/l3-rhads-demoimage:latest")
	destination, _ := name.ParseReference(image + ":latest")
	st.Update(func(s *workshop.StepSnapshot) {
		s.Values = []any{&registry.CopyResult{
			Source: source, Destination: destination, Digest: hash(digest), Platforms: []string{"linux/amd64"},
			Blobs: 5, Skipped: 1, Bytes: 18_234_567, Took: 1234 * time.Millisecond,
		}}
		s.Checks[0].Found = digest
		s.Checks[1].Found = image + ":latest"
	})
	return nil
}

func playTrust(_ context.Context, st *Stage) error {
	st.Print("Root status: \n {\n\t\"local\": \"/home/student/.sigstore/root\"\n }\n")
	at := Now().Add(90 * 24 * time.Hour)
	st.Update(func(s *workshop.StepSnapshot) {
		s.Values = []any{&trust.Status{
			Local: "/home/student/tuf", Remote: "http://127.0.0.1:40127", Checksum: strings.Repeat("ab12", 16), Pinned: true,
			Roles: map[string]trust.Role{
				"root.json":      {Version: 1, Length: 4128, Expires: at},
				"targets.json":   {Version: 1, Length: 2416, Expires: at},
				"snapshot.json":  {Version: 1, Length: 994, Expires: at},
				"timestamp.json": {Version: 1, Length: 995, Expires: Now().Add(26 * time.Hour)},
			},
			Targets: []string{"ctfe.pub", "fulcio_v1.crt.pem", "rekor.pub", "trusted_root.json"},
		}}
		s.Checks[0].Found = "valid until 2027-01-20"
	})
	return nil
}

func playLogin(_ context.Context, st *Stage) error {
	st.Print("WARNING! Your credentials are stored unencrypted in '/home/student/.docker/config.json'.\nConfigure a credential helper to remove this warning.\n\nlogged in via /home/student/.docker/config.json\n")
	st.Update(func(s *workshop.StepSnapshot) {
		s.Values = []any{&registry.LoginResult{Server: quay, Path: "/home/student/.docker/config.json"}}
	})
	return nil
}

// consent is the question that signing asks in the demo.
var consent = actions.Question{
	ID: "transparency-log-consent", YesNo: true, Prompt: "Do you agree?",
	Text: "Signing writes an entry into a transparency log.\n\n" +
		"The entry holds your e-mail address. The log is public and cannot be changed: what is in it stays there, and nobody can take it out again.\n\n" +
		"By answering yes you say that the address is yours and that you agree.",
}

func playSign(ctx context.Context, st *Stage) error {
	st.Print("Generating ephemeral keys...\nRetrieving signed certificate...\n")
	st.Update(func(s *workshop.StepSnapshot) {
		s.Stages = []actions.Stage{
			{ID: "resolve", Title: "Resolve the tag", State: actions.StageDone},
			{ID: "key", Title: "Ephemeral key", State: actions.StageDone},
			{ID: "certificate", Title: "Certificate from Fulcio", State: actions.StageStarted},
		}
	})
	st.Traced(Trace())
	answer, err := st.Ask(ctx, consent)
	if err != nil {
		return err
	}
	if !answer.Yes {
		return &actions.Error{
			Code: actions.CodeLogRefused, What: "not signed", Why: "you did not agree to the notice of the transparency log",
			Next: "run the step again and answer y, or leave it out with -",
		}
	}
	st.Print("Successfully verified SCT...\ntlog entry created with index: 16\nPushing signature to: " + image + "\n")
	d, _ := name.NewDigest(image + "@" + digest)
	st.Update(func(s *workshop.StepSnapshot) {
		s.Values = []any{&signing.Result{
			Digest: d, ByTag: true, Subject: "pipeline-auth@demo.redhat.com", Issuer: issuer, LogIndex: 16,
			Integrated: Now(), Timestamp: Now(), Total: 4, Restored: 1,
		}}
	})
	return nil
}

// Report returns a report of n signatures of which the last did not match.
func Report(n int) *verification.Report {
	d, _ := name.NewDigest(image + "@" + digest)
	r := &verification.Report{
		Image: image + ":latest", Digest: d,
		Policy: verification.Policy{SubjectRegexp: `.*@demo\.redhat\.com$`, IssuerRegexp: `\.example\.com/`},
	}
	for i := range n {
		index := int64(13 + i)
		at := time.Date(2026, 10, 22, 16, 24, 3, 0, time.UTC).Add(time.Duration(i) * 7 * time.Minute)
		s := verification.Signature{
			Storage: verification.StoredInTag, Manifest: hash(strings.Repeat("0c", 32)), Layer: hash("5c2dd18b" + strings.Repeat("1f", 28)),
			Position: i, LogIndex: &index, LogID: "c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d",
			Integrated: &at, Timestamp: &at, Subject: "pipeline-auth@demo.redhat.com", Issuer: issuer, Verified: true, BundleVerified: true,
			Certificate: &x509.Certificate{
				SerialNumber: big.NewInt(0x1234567890abcdef), NotBefore: at.Add(-2 * time.Second), NotAfter: at.Add(598 * time.Second),
				Issuer: pkix.Name{CommonName: "fulcio.sandbox", Organization: []string{"sigwalk"}},
			},
		}
		switch {
		case i == 0:
			s.Subject = "user1@demo.redhat.com"
		case i == n-1 && n > 3:
			s.Subject, s.Verified = "admin@example.org", false
			s.Reason = &actions.Error{
				Code: actions.CodeSubject, What: "the subject does not match",
				Why: `expected .*@demo\.redhat\.com$, found admin@example.org`, Next: "ask for admin@example.org if you trust that identity",
			}
		}
		s.Checks = matrix(&s)
		r.Signatures = append(r.Signatures, s)
	}
	return r
}

// matrix is every check of a signature: good but for whose it is, where it did not match.
func matrix(s *verification.Signature) []verification.Check {
	var checks []verification.Check
	for _, id := range verification.Checks() {
		c := verification.Check{ID: id, State: verification.CheckOK, What: id.Title()}
		switch {
		case id == verification.CheckKey, id == verification.CheckAnnotations:
			c.State, c.What = verification.CheckNotApplicable, "nothing was asked for"
		case id == verification.CheckProof:
			c.State, c.Code, c.Ours = verification.CheckSkipped, actions.CodeNoProof, true
			c.What, c.Next = "not carried: what is stored holds the log's promise", "add --fetch-proofs"
		case id == verification.CheckSubject && !s.Verified:
			c.State, c.Code, c.What = verification.CheckFailed, actions.CodeSubject, "signed by another identity"
			c.Expected = verification.Value{Text: `.*@demo\.redhat\.com$`, Source: "--certificate-identity-regexp"}
			c.Found = verification.Value{Text: s.Subject, Source: "subject alternative name of the certificate"}
			c.Next = "verify with --certificate-identity=" + s.Subject + " if that is who should have signed"
		}
		checks = append(checks, c)
	}
	return checks
}

// Tree returns the tree of the demo's image.
func Tree() *verification.Node {
	group := &verification.Node{Kind: verification.NodeGroup, Title: "signatures", Reference: image + ":sha256-5c50daa8.sig"}
	report := Report(4)
	for i := range report.Signatures {
		s := &report.Signatures[i]
		group.Children = append(group.Children, &verification.Node{
			Kind: verification.NodeSignature, Title: "signature", Digest: s.Layer, Size: 256,
			MediaType: "application/vnd.dev.cosign.simplesigning.v1+json", Signature: s,
		})
	}
	return &verification.Node{
		Kind: verification.NodeImage, Title: image + ":latest", Reference: image + ":latest", Digest: hash(digest), Size: 18_234_567, Platform: "linux/amd64",
		MediaType: "application/vnd.oci.image.manifest.v1+json",
		Children: []*verification.Node{
			group,
		},
	}
}

func playTree(_ context.Context, st *Stage) error {
	st.Print("Supply Chain Security Related artifacts for an image: " + image + "\n")
	st.Update(func(s *workshop.StepSnapshot) { s.Values = []any{Tree()} })
	return nil
}

func playVerify(_ context.Context, st *Stage) error {
	st.Print("13  user1@demo.redhat.com  " + issuer + "\n14  pipeline-auth@demo.redhat.com  " + issuer + "\n")
	st.Update(func(s *workshop.StepSnapshot) {
		s.Values = []any{Report(4)}
		s.Checks[0].Found = "3 of 4 signatures are verified"
	})
	return nil
}

func playWrong(_ context.Context, st *Stage) error {
	st.Print("Error: no matching signatures\n")
	st.Update(func(s *workshop.StepSnapshot) { s.ExitCode = 12 })
	return &actions.Error{
		Code: actions.CodeNoMatch, What: "no signature matches", Why: "nobody@demo.redhat.com has not signed this digest",
		Next: "ask for one of the identities that have signed it",
	}
}
