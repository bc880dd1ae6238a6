//go:build bench

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

// The identity that is asked for, and another.
const (
	alice  = "alice@example.com"
	bob    = "bob@example.com"
	issuer = "https://idp.example.com"
)

// verifying measures how long it takes to verify an image with many signatures. The registry is go-containerregistry's,
// in this process: Docker's distribution takes no manifest over 4 MiB, which is about 700 signatures.
func (b *bench) verifying(ctx context.Context) (err error) {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true)))
	defer server.Close()
	d, err := verificationtest.New()
	if err != nil {
		return err
	}
	v := &verifications{bench: b, deployment: d, host: strings.TrimPrefix(server.URL, "http://")}
	mirror, err := b.publish(ctx, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mirror.Close()) }()
	if err := v.initialize(ctx, mirror.URL()); err != nil {
		return err
	}
	if err := v.agree(ctx); err != nil {
		return err
	}
	return v.measure(ctx)
}

type verifications struct {
	*bench
	deployment   *verificationtest.Deployment
	host         string
	ours, theirs map[string]string // environments, which differ in where the trust root lies
}

// initialize has both tools take the trust root.
func (v *verifications) initialize(ctx context.Context, mirror string) error {
	home := func(name string) (map[string]string, error) {
		dir, err := v.home(name)
		return map[string]string{
			"COSIGN_MIRROR": mirror, "COSIGN_ROOT": mirror + "/root.json", "TUF_ROOT": dir,
			// Every signature carries its log entry: whoever asked the log would be refused here.
			"COSIGN_REKOR_URL": "http://127.0.0.1:1",
		}, err
	}
	var err error
	if v.ours, err = home("ours"); err != nil {
		return err
	}
	if v.theirs, err = home("theirs"); err != nil {
		return err
	}
	if _, err := v.succeed(ctx, v.ours, v.sigwalk, "exec", "--dir", v.ours["TUF_ROOT"], "--", "cosign initialize"); err != nil {
		return err
	}
	_, err = v.succeed(ctx, v.theirs, v.cosign, "initialize")
	return err
}

// image makes an image whose signatures were made as specs say. They are made at once and pushed at once.
func (v *verifications) image(ctx context.Context, repository string, specs []verificationtest.Spec) (name.Digest, error) {
	image, err := verificationtest.Image(ctx, v.host+"/bench/"+repository+":latest")
	if err != nil {
		return image, err
	}
	layers := make([]verificationtest.Layer, len(specs))
	var g errgroup.Group
	for i, spec := range specs {
		g.Go(func() (err error) {
			layers[i], err = v.deployment.Sign(image, spec)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return image, err
	}
	return image, verificationtest.Attach(ctx, image, layers)
}

// verdict is what a tool said of an image: its exit code, and the log indexes of the signatures that verified.
type verdict struct {
	code     int
	verified []int64
}

// byUs asks for what cosign's verify gives: who signed, of the signatures that verified.
func (v *verifications) byUs(ctx context.Context, image name.Digest) (took, verdict, error) {
	r, err := v.verify(ctx, image, "tsv")
	if err != nil {
		return r.took, verdict{}, err
	}
	said := verdict{code: r.code}
	for line := range strings.Lines(string(r.stdout)) {
		cell, _, _ := strings.Cut(line, "\t")
		if cell == "logIndex" {
			continue
		}
		index, err := strconv.ParseInt(cell, 10, 64)
		if err != nil {
			return r.took, said, fmt.Errorf("sigwalk verify: %w: %s", err, r.stderr)
		}
		said.verified = append(said.verified, index)
	}
	slices.Sort(said.verified)
	return r.took, said, nil
}

// explained asks for every check of every signature, and for whatever else hangs off the image.
func (v *verifications) explained(ctx context.Context, image name.Digest) (took, verdict, error) {
	r, err := v.verify(ctx, image, "json")
	if err != nil {
		return r.took, verdict{}, err
	}
	said := verdict{code: r.code}
	var report struct {
		Signatures []struct {
			LogIndex int64
			Verified bool
			Checks   []struct{ ID string }
		}
	}
	if err := json.Unmarshal(r.stdout, &report); err != nil {
		return r.took, said, fmt.Errorf("sigwalk verify: %w: %s", err, r.stderr)
	}
	for _, s := range report.Signatures {
		if s.Verified && len(s.Checks) > 0 {
			said.verified = append(said.verified, s.LogIndex)
		}
	}
	slices.Sort(said.verified)
	return r.took, said, nil
}

func (v *verifications) verify(ctx context.Context, image name.Digest, form string) (ran, error) {
	return v.start(ctx, v.ours, v.sigwalk, "verify", "--dir", v.ours["TUF_ROOT"], "--output", form,
		"--certificate-identity", alice, "--certificate-oidc-issuer", issuer, image.String())
}

func (v *verifications) byCosign(ctx context.Context, image name.Digest) (took, verdict, error) {
	// What is not verified when cosign's own three minutes are over does not count as verified.
	r, err := v.start(ctx, v.theirs, v.cosign, "verify", "--timeout", "1h",
		"--certificate-identity", alice, "--certificate-oidc-issuer", issuer, image.String())
	if err != nil {
		return r.took, verdict{}, err
	}
	said := verdict{code: r.code}
	if r.code == 0 {
		said.verified, err = cosignIndexes(r.stdout)
	}
	return r.took, said, err
}

// cosignIndexes reads the log indexes from what `cosign verify` prints.
func cosignIndexes(stdout []byte) ([]int64, error) {
	var claims []struct {
		Optional struct {
			Bundle struct{ Payload struct{ LogIndex int64 } }
		}
	}
	if err := json.Unmarshal(stdout, &claims); err != nil {
		return nil, fmt.Errorf("cosign verify: %w", err)
	}
	indexes := make([]int64, len(claims))
	for i, claim := range claims {
		indexes[i] = claim.Optional.Bundle.Payload.LogIndex
	}
	slices.Sort(indexes)
	return indexes, nil
}

// agree checks that the tools give one verdict where not everything is well: two good signatures, one of somebody else,
// one without a promise of transparency and one without a log entry; and an image that nobody they look for has signed.
func (v *verifications) agree(ctx context.Context) error {
	good := verificationtest.Spec{Subject: alice, Issuer: issuer}
	foreign, noSCT, noLog := good, good, good
	foreign.Subject, noSCT.NoSCT, noLog.NoLog = bob, true, true
	for _, c := range []struct {
		repository string
		specs      []verificationtest.Spec
		want       int
		code       int
	}{
		{"mixed", []verificationtest.Spec{good, foreign, noSCT, good, noLog}, 2, 0},
		{"foreign", []verificationtest.Spec{foreign, noSCT}, 0, 12},
	} {
		image, err := v.image(ctx, c.repository, c.specs)
		if err != nil {
			return err
		}
		_, ours, err := v.byUs(ctx, image)
		if err != nil {
			return err
		}
		_, theirs, err := v.byCosign(ctx, image)
		if err != nil {
			return err
		}
		if ours.code != c.code || len(ours.verified) != c.want || ours.code != theirs.code || !slices.Equal(ours.verified, theirs.verified) {
			return fmt.Errorf("the verdicts on %s differ: sigwalk %+v, cosign %+v", c.repository, ours, theirs)
		}
	}
	return nil
}

// measure verifies images with 1 to 1,000 signatures, all of them good.
func (v *verifications) measure(ctx context.Context) error {
	var hundred [2]took
	for _, c := range []struct {
		signatures, rounds int
		least, explained   float64 // how many times faster than cosign
	}{{1, 7, 0, 0}, {10, 7, 0, 0}, {100, 5, 10, 0}, {1000, 3, 0, 50}} {
		image, err := v.image(ctx, fmt.Sprintf("signed-%d", c.signatures),
			slices.Repeat([]verificationtest.Spec{{Subject: alice, Issuer: issuer, Stamp: true}}, c.signatures))
		if err != nil {
			return err
		}
		all := func(verify func(context.Context, name.Digest) (took, verdict, error)) contestant {
			return func(ctx context.Context, _ int) (took, error) {
				t, said, err := verify(ctx, image)
				if err == nil && (said.code != 0 || len(said.verified) != c.signatures) {
					err = fmt.Errorf("%d of %d signatures verified, exit %d", len(said.verified), c.signatures, said.code)
				}
				return t, err
			}
		}
		var medians []took
		if c.signatures < 1000 {
			medians, err = race(ctx, c.rounds, all(v.byUs), all(v.byCosign), all(v.explained))
		} else {
			medians, err = v.thousand(ctx, c.rounds, all(v.byCosign), all(v.byUs), all(v.explained))
		}
		if err != nil {
			return err
		}
		what := "verify 1 signature"
		if c.signatures > 1 {
			what = fmt.Sprintf("verify %d signatures", c.signatures)
		}
		v.table.beside(what, medians[0], "cosign", medians[1], c.least)
		v.table.beside("    with every check of each", medians[2], "cosign", medians[1], c.explained)
		if c.signatures == 100 {
			hundred = [2]took(medians[:2])
		}
		if c.signatures == 1000 {
			ours, theirs := ratio(medians[0], hundred[0]), ratio(medians[1], hundred[1])
			row, err := v.firstRow(ctx, image)
			if err != nil {
				return err
			}
			v.table.line("    the first row, on the screen", duration(row.wall), duration(medians[1].first)+" cosign", "",
				aim(row.wall <= 100*time.Millisecond, "100 ms"))
			v.table.line("    memory, with every check of each", megabytes(medians[2]), megabytes(medians[1])+" cosign", "",
				aim(medians[2].resident <= 500e6, "500 MB"))
			v.table.line("1,000 signatures against 100", fmt.Sprintf("%.1f x", ours), fmt.Sprintf("%.1f x cosign", theirs), "",
				aim(ours <= 11, "11 x at most"))
		}
	}
	return nil
}

// firstRow is how long it takes until `sigwalk browse` shows who made one of the signatures.
func (v *verifications) firstRow(ctx context.Context, image name.Digest) (took, error) {
	shown := func(output []byte) bool { return bytes.Contains(output, []byte(alice)) }
	medians, err := race(ctx, 5, func(ctx context.Context, _ int) (took, error) {
		at, output, err := v.draw(ctx, v.ours, true, []func([]byte) bool{shown}, "browse", "--dir", v.ours["TUF_ROOT"], image.String())
		if err == nil && at[0] == 0 {
			err = fmt.Errorf("no row was drawn; there was %q", output)
		}
		return took{wall: at[0]}, err
	})
	if err != nil {
		return took{}, err
	}
	return medians[0], nil
}

// thousand is race for a cosign that takes minutes: it runs once.
func (v *verifications) thousand(ctx context.Context, rounds int, theirs contestant, ours ...contestant) ([]took, error) {
	medians, err := race(ctx, rounds, ours...)
	if err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintln(os.Stderr, "now cosign verifies 1,000 signatures, once: this takes minutes")
	once, err := theirs(ctx, 0)
	return slices.Insert(medians, 1, once), err
}
