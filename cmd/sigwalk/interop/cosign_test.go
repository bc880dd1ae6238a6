//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// A cosign is one of the real ones: how a script that uses it begins, and what its tree calls a signature.
type cosign struct{ name, begin, tree string }

func cosigns() []cosign {
	return []cosign{
		{"cosign2", terminal, "└── 🔐 Signatures for an image tag: "},
		{"cosign3", terminal3, "└── 🔗 https://sigstore.dev/cosign/sign/v1 artifacts via OCI referrer: "},
	}
}

// TestCosigns has each real cosign walk the lesson in a terminal, and sigwalk look at what it did and sign beside it.
func TestCosigns(t *testing.T) {
	b := up(t)
	b.exec(t, "source ./copy-image-to-quay.sh") // it also lays out the scripts
	for _, c := range cosigns() {
		t.Run(c.name, func(t *testing.T) {
			terminal := c.begin + `export IMAGE="$QUAY/l3-students/` + c.name + `:latest"` + "\n" +
				`cosign() { ` + c.name + ` "$@"; }` + "\n"
			b.sh(t, terminal+`. "$DIR/workspace/copy-image-to-quay.sh"`)

			b.sh(t, terminal+`
				cosign initialize
				printf %s "$QUAY_PASSWORD" | cosign login "$QUAY" -u "$QUAY_USER" --password-stdin
				`+signIn+`cosign sign "$IMAGE"`)
			tree := b.sh(t, terminal+`cosign tree "$IMAGE"`)
			if strings.Count(tree.stdout, "🍒") != 1 || !strings.Contains(tree.stdout, c.tree) {
				t.Errorf("its own tree: %s", tree)
			}
			b.sh(t, terminal+`cosign verify --certificate-identity "$OIDC_USER" "$IMAGE" | jq -e 'length == 1'`)

			// sigwalk finds it, in the same terminal and without one.
			issuer := strings.TrimSpace(b.sh(t, terminal+`echo "$COSIGN_CERTIFICATE_OIDC_ISSUER"`).stdout)
			image := strings.TrimSpace(b.sh(t, terminal+`echo "$IMAGE"`).stdout)
			theirs := row{b.lastIndex(t), "pipeline-auth@demo.redhat.com", issuer}
			b.assertRows(t, image, theirs)
			here := b.sh(t, terminal+`sigwalk verify --dir "$DIR" -o tsv --certificate-identity "$OIDC_USER" "$IMAGE"`)
			if want := "logIndex\tSubject\tIssuer\n" + theirs.join("\t") + "\n"; here.stdout != want {
				t.Errorf("in the terminal with its variables: %s, want\n%s", here, want)
			}

			// What sigwalk signs beside it is there for both.
			signed := b.exec(t, "cosign sign --yes "+image, "SIGSTORE_ID_TOKEN="+b.token(t))
			ours := row{b.lastIndex(t), "user1@demo.redhat.com", issuer}
			if !strings.Contains(signed.stderr, fmt.Sprintf("tlog entry created with index: %d\n", ours.index)) {
				t.Errorf("sigwalk says of entry %d: %s", ours.index, signed)
			}
			b.assertRows(t, image, theirs, ours)
			b.sh(t, terminal+`cosign2 verify --certificate-identity user1@demo.redhat.com "$IMAGE" |
				jq -e 'length == 1 and .[0].optional.Bundle.Payload.logIndex == `+fmt.Sprint(ours.index)+`'`)
		})
	}
}

// TestCosignsVerifyWhatSigwalkSigned: an image that only sigwalk has signed passes with either, which refuse it for
// anybody else.
func TestCosignsVerifyWhatSigwalkSigned(t *testing.T) {
	b := up(t)
	b.lesson(t)
	for _, c := range cosigns() {
		verify := c.begin + c.name + ` verify "$IMAGE" --certificate-identity `
		o := b.sh(t, verify+`pipeline-auth@demo.redhat.com`)
		var signatures []json.RawMessage
		if err := json.Unmarshal([]byte(o.stdout), &signatures); err != nil || len(signatures) != 1 {
			t.Errorf("%s verify: %v %s", c.name, err, o)
		}
		if o := b.try(t, verify+`user1@demo.redhat.com`); o.code == 0 {
			t.Errorf("%s verify for another identity: %s", c.name, o)
		}
		tree := b.sh(t, c.begin+c.name+` tree "$IMAGE"`)
		if strings.Count(tree.stdout, "🍒") != 1 || !strings.Contains(tree.stdout, ".sig\n") {
			t.Errorf("%s tree: %s", c.name, tree)
		}
	}
}

// lesson walks the first lesson with the built-in commands, as far as the signature.
func (b *bench) lesson(t *testing.T) {
	t.Helper()
	o := b.exec(t, `source ./copy-image-to-quay.sh && cosign initialize && cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD &&
		source ./get-access-token.sh && cosign sign --yes $IMAGE`)
	if o.code != 0 {
		t.Fatal(o)
	}
}

// row is one signature as sigwalk lists it.
type row struct {
	index           int64
	subject, issuer string
}

func (r row) join(by string) string { return fmt.Sprint(r.index) + by + r.subject + by + r.issuer }

// lastIndex is the index of the newest entry in the log, as rekor-cli knows it.
func (b *bench) lastIndex(t *testing.T) int64 {
	t.Helper()
	var info struct{ ActiveTreeSize int64 }
	o := b.sh(t, terminal+`HOME=$PWD rekor-cli loginfo --store_tree_state=false --format json --rekor_server "$COSIGN_REKOR_URL"`)
	if err := json.Unmarshal([]byte(o.stdout), &info); err != nil || info.ActiveTreeSize == 0 {
		t.Fatalf("%v %s", err, o)
	}
	return info.ActiveTreeSize - 1
}

// assertRows looks whether sigwalk lists exactly these signatures, each of them verified, in every form that it has.
func (b *bench) assertRows(t *testing.T, image string, rows ...row) {
	t.Helper()
	anyone := []string{"--certificate-identity-regexp", ".", "--certificate-oidc-issuer-regexp", "."}
	verify := append([]string{"sigwalk", "verify", "--dir", b.dir, image}, anyone...)

	table := b.run(t, verify)
	lines := strings.Split(strings.TrimSpace(table.stdout), "\n")
	if table.code != 0 || len(lines) != len(rows)+1 || strings.Join(strings.Fields(lines[0]), " ") != "logIndex Subject Issuer" {
		t.Errorf("the table: %s", table)
	}
	tsv := b.run(t, append(verify, "--output", "tsv"))
	want := "logIndex\tSubject\tIssuer\n"
	for i, r := range rows {
		want += r.join("\t") + "\n"
		if got := strings.Join(strings.Fields(lines[min(i+1, len(lines)-1)]), " "); got != r.join(" ") {
			t.Errorf("row %d of the table is %q, want %q", i, got, r.join(" "))
		}
	}
	if tsv.stdout != want {
		t.Errorf("tsv: %s, want\n%s", tsv, want)
	}

	var report struct {
		Image, Digest string
		Signatures    []struct {
			LogIndex        *int64
			Subject, Issuer string
			Verified        bool
			Reason          any
		}
	}
	text := b.run(t, append(verify, "--output", "json"))
	if err := json.Unmarshal([]byte(text.stdout), &report); err != nil {
		t.Fatalf("json: %v %s", err, text)
	}
	digest := strings.TrimSpace(b.sh(t, terminal+`crane digest `+image).stdout)
	if report.Image != image || report.Digest != digest || len(report.Signatures) != len(rows) {
		t.Fatalf("json: %s, want %d signatures of %s", text, len(rows), digest)
	}
	for i, s := range report.Signatures {
		if s.LogIndex == nil || *s.LogIndex != rows[i].index || s.Subject != rows[i].subject || s.Issuer != rows[i].issuer ||
			!s.Verified || s.Reason != nil {
			t.Errorf("json: signature %d is not %v: %s", i, rows[i], text)
		}
	}
	b.assertTree(t, image, rows)
}

// assertTree looks whether sigwalk's tree has exactly these signatures.
func (b *bench) assertTree(t *testing.T, image string, rows []row) {
	t.Helper()
	tree := b.run(t, []string{"sigwalk", "tree", "--dir", b.dir, image})
	for _, r := range rows {
		if want := fmt.Sprintf("%s (log index %d)", r.subject, r.index); !strings.Contains(tree.stdout, want) {
			t.Errorf("no %q in the tree: %s", want, tree)
		}
	}
	if got := strings.Count(tree.stdout, "(log index "); got != len(rows) {
		t.Errorf("%d signatures in the tree, want %d: %s", got, len(rows), tree)
	}
	text := b.run(t, []string{"sigwalk", "tree", "--dir", b.dir, "-o", "json", image})
	var found []int64
	var walk func(node)
	walk = func(n node) {
		if n.Signature != nil {
			found = append(found, n.Signature.LogIndex)
		}
		for _, child := range n.Children {
			walk(child)
		}
	}
	var root node
	if err := json.Unmarshal([]byte(text.stdout), &root); err != nil {
		t.Fatalf("json: %v %s", err, text)
	}
	walk(root)
	if len(found) != len(rows) {
		t.Errorf("the tree's JSON has the log indexes %d, want %d", found, len(rows))
	}
}

// node is what a test reads of a tree's JSON.
type node struct {
	Signature *struct{ LogIndex int64 }
	Children  []node
}
