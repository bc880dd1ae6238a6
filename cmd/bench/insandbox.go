//go:build bench

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

const (
	signs  = 7
	copies = 7
)

// box is a running sandbox that both sigwalk and the other tools have initialised and logged in to.
type box struct {
	*bench
	dir string
	env map[string]string // for the other tools; the registry's login is everybody's
}

// inSandbox runs measure with a sandbox that is there for it.
func (b *bench) inSandbox(ctx context.Context, measure func(*box, context.Context) error) (err error) {
	dir, err := os.MkdirTemp(b.dir, "box-")
	if err != nil {
		return err
	}
	running, err := b.up(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, running.stop()) }()
	box := &box{bench: b, dir: dir}
	printed, err := b.succeed(ctx, nil, b.sigwalk, "sandbox", "env", "--dir", dir, "--output", "json")
	if err != nil {
		return err
	}
	if err := json.Unmarshal(printed.stdout, &box.env); err != nil {
		return err
	}
	if _, err := box.exec(ctx, nil, `cosign initialize && cosign login $QUAY -u $QUAY_USER -p $QUAY_PASSWORD`); err != nil {
		return err
	}
	if box.env["TUF_ROOT"], err = os.MkdirTemp(b.dir, "tuf-"); err != nil {
		return err
	}
	if _, err := b.succeed(ctx, box.env, b.cosign, "initialize"); err != nil {
		return err
	}
	return measure(box, ctx)
}

// exec runs a line of the workshop shell.
func (b *box) exec(ctx context.Context, env map[string]string, line string) (ran, error) {
	return b.succeed(ctx, env, b.sigwalk, "exec", "--dir", b.dir, "--", line)
}

func (b *box) auth() remote.Option {
	return remote.WithAuth(&authn.Basic{Username: b.env["QUAY_USER"], Password: b.env["QUAY_PASSWORD"]})
}

func (b *box) repository(of string, i int) string {
	return fmt.Sprintf("%s/l3-students/%s-%d", b.env["QUAY"], of, i)
}

// signing measures how long it takes to sign an image with an identity token.
func (b *bench) signing(ctx context.Context) error { return b.inSandbox(ctx, (*box).sign) }

// sign signs images, each of them once.
func (b *box) sign(ctx context.Context) error {
	signer := func(of string, run func(ctx context.Context, env map[string]string, image string) (ran, error)) contestant {
		return func(ctx context.Context, i int) (took, error) {
			image, err := verificationtest.Image(ctx, b.repository(of, i)+":latest", b.auth())
			if err != nil {
				return took{}, err
			}
			token, err := b.token(ctx)
			if err != nil {
				return took{}, err
			}
			r, err := run(ctx, map[string]string{"SIGSTORE_ID_TOKEN": token}, image.String())
			if err != nil {
				return took{}, err
			}
			return r.took, b.signed(ctx, image)
		}
	}
	medians, err := race(ctx, signs,
		signer("signed-by-sigwalk", func(ctx context.Context, env map[string]string, image string) (ran, error) {
			return b.exec(ctx, env, "cosign sign --yes "+image)
		}),
		signer("signed-by-cosign", func(ctx context.Context, env map[string]string, image string) (ran, error) {
			for name, value := range b.env {
				env[name] = value
			}
			return b.succeed(ctx, env, b.cosign, "sign", "--yes", image)
		}))
	if err == nil {
		b.table.beside("sign, with a token", medians[0], "cosign", medians[1], 0)
	}
	return err
}

// signed checks that cosign finds the one signature that there must be, and believes it.
func (b *box) signed(ctx context.Context, image name.Digest) error {
	r, err := b.succeed(ctx, b.env, b.cosign, "verify", "--certificate-identity", b.env["OIDC_USER"], image.String())
	if err != nil {
		return err
	}
	verified, err := cosignIndexes(r.stdout)
	if err == nil && len(verified) != 1 {
		err = fmt.Errorf("%s has %d signatures in place of one", image, len(verified))
	}
	return err
}

// token gets an identity token by the password grant.
func (b *box) token(ctx context.Context) (string, error) {
	form := url.Values{
		"grant_type": {"password"}, "client_id": {b.env["COSIGN_OIDC_CLIENT_ID"]},
		"username": {b.env["OIDC_USER"]}, "password": {b.env["OIDC_PASSWORD"]},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost,
		b.env["COSIGN_OIDC_ISSUER"]+"/protocol/openid-connect/token", strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	var got struct {
		IDToken string `json:"id_token"`
	}
	err = json.NewDecoder(response.Body).Decode(&got)
	if err == nil && got.IDToken == "" {
		err = fmt.Errorf("the sandbox gave no token: %s", response.Status)
	}
	return got.IDToken, err
}

// copying measures how long it takes to copy the image that the workshop copies, and one of the size that people build.
func (b *bench) copying(ctx context.Context) error {
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer server.Close()
	large, err := pushLarge(ctx, strings.TrimPrefix(server.URL, "http://")+"/tssc_demos/large:latest")
	if err != nil {
		return err
	}
	return b.inSandbox(ctx, func(box *box, ctx context.Context) error {
		return errors.Join(box.copy(ctx, "small", box.env["SOURCE_IMAGE"]), box.copy(ctx, "large", large))
	})
}

// pushLarge pushes an image of four layers that nobody can compress.
func pushLarge(ctx context.Context, image string) (string, error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return "", err
	}
	made, err := random.Image(40e6, 4)
	if err != nil {
		return "", err
	}
	return image, remote.Write(ref, made, remote.WithContext(ctx))
}

// copy copies the image to the sandbox's registry, each time to a repository that is not there.
func (b *box) copy(ctx context.Context, called, source string) error {
	want, size, err := describe(ctx, source)
	if err != nil {
		return err
	}
	copier := func(of string, run func(ctx context.Context, destination string) (ran, error)) contestant {
		return func(ctx context.Context, i int) (took, error) {
			destination := b.repository(called+"-by-"+of, i) + ":latest"
			r, err := run(ctx, destination)
			if err != nil {
				return took{}, err
			}
			got, _, err := describe(ctx, destination, b.auth())
			if err == nil && got != want {
				err = fmt.Errorf("%s copied %s to %s", of, want, got)
			}
			return r.took, err
		}
	}
	medians, err := race(ctx, copies,
		copier("sigwalk", func(ctx context.Context, destination string) (ran, error) {
			return b.exec(ctx, nil, "crane copy "+source+" "+destination)
		}),
		copier("crane", func(ctx context.Context, destination string) (ran, error) {
			return b.succeed(ctx, b.env, b.crane, "copy", source, destination)
		}),
		copier("skopeo", func(ctx context.Context, destination string) (ran, error) {
			return b.forgetful(ctx, "copy", "--src-tls-verify=false", "--dest-tls-verify=false",
				"--authfile", filepath.Join(b.env["DOCKER_CONFIG"], "config.json"), "docker://"+source, "docker://"+destination)
		}))
	if err == nil {
		what := fmt.Sprintf("copy an image of %d MB", size/1e6)
		b.table.beside(what, medians[0], "crane", medians[1], 1)
		b.table.beside("", medians[0], "skopeo", medians[2], 0)
	}
	return err
}

// forgetful runs skopeo without what it remembers from earlier copies: it would mount the layers from the repositories of
// the rounds before, and copy nothing. It keeps that below the data directory only of somebody who is not root.
func (b *box) forgetful(ctx context.Context, args ...string) (ran, error) {
	data, err := os.MkdirTemp(b.bench.dir, "skopeo-")
	if err != nil {
		return ran{}, err
	}
	env := map[string]string{"_CONTAINERS_ROOTLESS_UID": "1000", "XDG_DATA_HOME": data}
	return b.succeed(ctx, env, b.skopeo, args...)
}

// describe returns the digest of an image and how many bytes its layers have.
func describe(ctx context.Context, image string, opts ...remote.Option) (digest string, size int64, err error) {
	ref, err := name.ParseReference(image)
	if err != nil {
		return "", 0, err
	}
	got, err := remote.Image(ref, append(opts, remote.WithContext(ctx))...)
	if err != nil {
		return "", 0, err
	}
	hash, err := got.Digest()
	if err != nil {
		return "", 0, err
	}
	m, err := got.Manifest()
	if err != nil {
		return "", 0, err
	}
	for _, layer := range m.Layers {
		size += layer.Size
	}
	return hash.String(), size, nil
}
