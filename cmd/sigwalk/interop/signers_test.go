//go:build interop

package interop

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/actions/signing"
	"github.com/sigwalk/sigwalk/actions/trust"
	"github.com/sigwalk/sigwalk/workshop/sandbox"
)

// A class of thirty signs one image at the same time, twenty times over.
const (
	signers = 30
	rounds  = 20
)

// class is a sandbox with everything that a round of signers needs.
type class struct {
	*bench
	settings sandbox.Settings
}

func newClass(t *testing.T) *class {
	t.Helper()
	b := up(t)
	b.exec(t, "cosign initialize && cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD")
	status, err := sandbox.StatusOf(t.Context(), b.dir)
	if err != nil {
		t.Fatal(err)
	}
	return &class{b, status.Settings}
}

// play plays the rounds: each has an image of its own, which all sign at once. sign signs as signer i and returns the index
// of the log entry.
func (c *class) play(t *testing.T, sign func(t *testing.T, round, i int, image, token string) int64) {
	t.Helper()
	for round := range rounds {
		image, token := c.image(t, round), c.token(t)
		began := time.Now()
		reported := c.round(t, func(i int) int64 { return sign(t, round, i, image, token) })
		took := time.Since(began)
		attached := c.attached(t, image)
		verified := c.verified(t, image)
		t.Logf("round %d: %d signed in %v, %d are attached, %d verify", round+1, len(reported), took.Round(time.Millisecond), len(attached), len(verified))
		if len(reported) != signers {
			t.Errorf("round %d: %d signed, not %d", round+1, len(reported), signers)
		}
		if lost := missing(verified, reported); len(lost) > 0 || len(attached) != signers {
			t.Errorf("round %d: %d signatures are attached; lost are those with the log indexes %v", round+1, len(attached), lost)
		}
		if t.Failed() {
			return
		}
	}
}

// round lets all sign at once and returns the log indexes that they reported; a signer that failed reports -1.
func (c *class) round(t *testing.T, sign func(i int) int64) []int64 {
	t.Helper()
	var (
		group    sync.WaitGroup
		mu       sync.Mutex
		reported []int64
		start    = make(chan struct{})
	)
	for i := range signers {
		group.Go(func() {
			<-start
			if index := sign(i); index >= 0 {
				mu.Lock()
				defer mu.Unlock()
				reported = append(reported, index)
			}
		})
	}
	close(start)
	group.Wait()
	return reported
}

// TestSignersAsGoroutines: thirty goroutines of one process.
func TestSignersAsGoroutines(t *testing.T) {
	c := newClass(t)
	homes := actions.HomesBelow(c.dir)
	endpoints := actions.Endpoints{
		Fulcio: c.settings.Fulcio, Rekor: c.settings.Rekor, Timestamp: c.settings.Timestamp, OIDCIssuer: c.settings.OIDCIssuer,
		OIDCClientID: c.settings.OIDCClientID, TUFMirror: c.settings.TUFMirror, TUFRoot: c.settings.TUFRoot,
	}
	signer := signing.New(signing.Options{
		Registry: registry.New(registry.Options{Homes: homes}), Trust: trust.New(trust.Options{Homes: homes, Endpoints: endpoints}),
		Endpoints: endpoints, Homes: homes,
	})
	c.play(t, func(t *testing.T, _, i int, image, token string) int64 {
		result, err := signer.SignWithToken(t.Context(), signing.Request{Image: image, Token: actions.NewSecret(token), Consented: true})
		if err != nil {
			t.Errorf("signer %d: %v", i, err)
			return -1
		}
		return result.LogIndex
	})
}

// TestSignersThatShareADirectory: thirty processes on one machine.
func TestSignersThatShareADirectory(t *testing.T) {
	c := newClass(t)
	c.play(t, func(t *testing.T, _, i int, image, token string) int64 {
		return c.sign(t, i, []string{"sigwalk", "cosign", "--dir", c.dir, "sign", "--yes", image}, "SIGSTORE_ID_TOKEN="+token)
	})
}

// TestSignersWithDirectoriesOfTheirOwn: thirty laptops, which are pointed at one deployment by the environment and know
// nothing of each other.
func TestSignersWithDirectoriesOfTheirOwn(t *testing.T) {
	c := newClass(t)
	laptops, root := c.deployment(t), t.TempDir()
	dir := func(i int) string { return filepath.Join(root, strconv.Itoa(i)) }
	for i := range signers {
		c.setUp(t, dir(i), laptops)
	}
	c.play(t, func(t *testing.T, _, i int, image, token string) int64 {
		return c.sign(t, i, []string{"sigwalk", "cosign", "--dir", dir(i), "sign", "--yes", image}, append(laptops, "SIGSTORE_ID_TOKEN="+token)...)
	})
}

// backWithin is how long after the last signer's end every signature of sigwalk's is back at the latest.
const backWithin = 3 * time.Second

// TestSignersAmongForeignOnes: half of the thirty are the real cosign 2, which overwrites what it did not read. What sigwalk
// reported is put back by the sandbox's owner, which says so.
//
// A cosign that is as near as the registry is here is done before the last sigwalk has looked its last. So in every second
// round the cosigns reach the registry by a slow line: their pushes take effect when every sigwalk has ended, and overwrite
// what was attached since they read the tag. In every second pair of rounds the sigwalk half has a directory of its own,
// whose journal the owner does not see.
func TestSignersAmongForeignOnes(t *testing.T) {
	c := newClass(t)
	elsewhere, laptop := filepath.Join(t.TempDir(), "sigwalk"), c.deployment(t)
	c.setUp(t, elsewhere, laptop)
	foreign := c.terminalVariables(t)
	far := newSlowLine(t, c.settings.Registry)
	c.sh(t, terminal+`cosign2 login "$FAR" -u "$QUAY_USER" -p "$QUAY_PASSWORD"`, "FAR="+far.host)
	overwritten := 0
	for round := range rounds {
		image, token := c.image(t, round), "SIGSTORE_ID_TOKEN="+c.token(t)
		theirs := []string{"cosign2", "sign", "--yes", image}
		if round%2 == 1 {
			theirs[3] = strings.Replace(image, c.settings.Registry, far.host, 1)
		}
		ours, env := []string{"sigwalk", "cosign", "--dir", c.dir, "sign", "--yes", image}, []string{token}
		if round%4 > 1 {
			ours[3], env = elsewhere, append([]string{token}, laptop...)
		}
		said := len(c.said.String())
		var (
			mu       sync.Mutex
			mine     []int64
			sigwalks sync.WaitGroup
		)
		sigwalks.Add(signers / 2)
		release := far.hold()
		go func() {
			sigwalks.Wait()
			release()
		}()
		all := c.round(t, func(i int) int64 {
			if i%2 == 0 {
				return c.sign(t, i, theirs, append([]string{token}, foreign...)...)
			}
			defer sigwalks.Done()
			index := c.sign(t, i, ours, env...)
			mu.Lock()
			defer mu.Unlock()
			mine = append(mine, index)
			return index
		})
		ended := time.Now()
		if len(all) != signers || len(mine) != signers/2 {
			t.Fatalf("round %d: %d signed, %d of them with sigwalk", round+1, len(all), len(mine))
		}
		atEnd := missing(c.attached(t, image), mine)
		lost := atEnd
		for len(lost) > 0 && time.Since(ended) < backWithin {
			time.Sleep(50 * time.Millisecond) // nobody tells of what a registry holds
			lost = missing(c.attached(t, image), mine)
		}
		news := c.said.String()[said:]
		for len(atEnd) > 0 && !strings.Contains(news, "put back ") && time.Since(ended) < limit {
			time.Sleep(50 * time.Millisecond) // it says so when it has done so
			news = c.said.String()[said:]
		}
		t.Logf("round %d: of %d by sigwalk %d were missing at the end and %d are %v later; %d of %d are there in all; the sandbox says: %q",
			round+1, len(mine), len(atEnd), len(lost), time.Since(ended).Round(time.Millisecond), len(c.attached(t, image)), len(all), news)
		if len(lost) > 0 {
			t.Fatalf("round %d: lost are those with the log indexes %v, %v after the last signer's end", round+1, lost, backWithin)
		}
		if lost := missing(c.verified(t, image), mine); len(lost) > 0 {
			t.Fatalf("round %d: attached, but not valid are those with the log indexes %v", round+1, lost)
		}
		if len(atEnd) > 0 && !strings.Contains(news, "put back ") {
			t.Errorf("round %d: signatures came back, and the sandbox does not say so", round+1)
		}
		overwritten += len(atEnd)
	}
	if overwritten == 0 {
		t.Error("no signature was missing at the end of any round: these signers prove nothing")
	}
}

var signedIndex = regexp.MustCompile(`(?m)^tlog entry created with index: (\d+)$`)

// sign runs a process that signs, and returns the index that it reports.
func (c *class) sign(t *testing.T, i int, words []string, env ...string) int64 {
	t.Helper()
	o := c.run(t, words, env...)
	found := signedIndex.FindStringSubmatch(o.stderr)
	if o.code != 0 || found == nil {
		t.Errorf("signer %d: %s", i, o)
		return -1
	}
	index, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		t.Error(err)
		return -1
	}
	return index
}

// image copies the demo image to a repository of the round's own.
func (c *class) image(t *testing.T, round int) string {
	t.Helper()
	image := fmt.Sprintf("%s/%s/%s-%d:latest", c.settings.Registry, sandbox.Organization,
		strings.ToLower(t.Name()), round+1)
	c.sh(t, terminal+"crane copy "+c.settings.SourceImage+" "+image)
	return image
}

// terminalVariables are those of a terminal that has evaluated `sigwalk sandbox env`.
func (c *class) terminalVariables(t *testing.T) []string {
	t.Helper()
	o := c.sh(t, `sigwalk sandbox env --dir "$DIR" --output json | jq -r 'to_entries[] | "\(.key)=\(.value)"'`)
	vars := strings.Split(strings.TrimSpace(o.stdout), "\n")
	if len(vars) != len(variables) {
		t.Fatal(o)
	}
	return vars
}

// deployment are the variables without those that name the sandbox's own homes, as on another machine.
func (c *class) deployment(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(c.terminalVariables(t), func(v string) bool {
		return strings.HasPrefix(v, "TUF_ROOT=") || strings.HasPrefix(v, "DOCKER_CONFIG=")
	})
}

// setUp initialises a state directory for a deployment, and logs in.
func (c *class) setUp(t *testing.T, dir string, deployment []string) {
	t.Helper()
	o := c.run(t, []string{"sigwalk", "exec", "--dir", dir, "--", "cosign initialize && cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD"}, deployment...)
	if o.code != 0 || !strings.Contains(o.stderr, "logged in via "+dir) {
		t.Fatal(o)
	}
}

// attached reads the signature tag of an image, as the registry has it, and returns the log indexes.
func (c *class) attached(t *testing.T, image string) []int64 {
	t.Helper()
	return c.inTag(t, image, "sig")
}

// inTag reads a tag of an image that holds signatures ("sig") or attestations ("att"), and returns the log indexes.
func (c *class) inTag(t *testing.T, image, suffix string) []int64 {
	t.Helper()
	ref, login := c.named(t, image)
	desc, err := remote.Head(ref, login)
	if err != nil {
		t.Fatal(err)
	}
	signatures, err := remote.Image(ref.Context().Tag(fmt.Sprintf("%s-%s.%s", desc.Digest.Algorithm, desc.Digest.Hex, suffix)), login)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := signatures.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	var found []int64
	for _, l := range manifest.Layers {
		var entry struct{ Payload struct{ LogIndex *int64 } }
		if err := json.Unmarshal([]byte(l.Annotations["dev.sigstore.cosign/bundle"]), &entry); err != nil || entry.Payload.LogIndex == nil {
			t.Fatalf("a signature without a log entry: %v %v", l, err)
		}
		found = append(found, *entry.Payload.LogIndex)
	}
	assertOnce(t, found)
	return found
}

// assertOnce looks whether no index is there twice.
func assertOnce(t *testing.T, indexes []int64) {
	t.Helper()
	for i, index := range indexes {
		if slices.Contains(indexes[:i], index) {
			t.Errorf("the signature with log index %d is there twice", index)
		}
	}
}

// verified has the real cosign 2 verify the image, and returns the log indexes of the signatures that it accepts.
func (c *class) verified(t *testing.T, image string) []int64 {
	t.Helper()
	o := c.sh(t, terminal+"cosign2 verify --certificate-identity user1@demo.redhat.com "+image)
	var signatures []struct {
		Optional struct {
			Bundle struct{ Payload struct{ LogIndex int64 } }
		}
	}
	if err := json.Unmarshal([]byte(o.stdout), &signatures); err != nil {
		t.Fatalf("%v %s", err, o)
	}
	var found []int64
	for _, s := range signatures {
		found = append(found, s.Optional.Bundle.Payload.LogIndex)
	}
	return found
}

// missing returns the elements of want that there lacks.
func missing(there, want []int64) []int64 {
	var lost []int64
	for _, index := range want {
		if !slices.Contains(there, index) {
			lost = append(lost, index)
		}
	}
	return lost
}
