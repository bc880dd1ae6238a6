//go:build bench

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"golang.org/x/sync/errgroup"

	"github.com/sigwalk/sigwalk/actions/verification/verificationtest"
)

const (
	platforms = 20
	referring = 10 // to each platform, half of them bundles
	link      = 20 * time.Millisecond
)

// trees measures how long it takes to read all that hangs off a large index over a slow link.
func (b *bench) trees(ctx context.Context) (err error) {
	stored := registry.New(registry.Logger(log.New(io.Discard, "", 0)), registry.WithReferrersSupport(true))
	near := httptest.NewServer(stored)
	defer near.Close()
	far := behindLink(stored)
	defer far.Close()
	d, err := verificationtest.New()
	if err != nil {
		return err
	}
	mirror, err := b.publish(ctx, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, mirror.Close()) }()
	v := &verifications{bench: b, deployment: d, host: host(near)}
	if err := v.initialize(ctx, mirror.URL()); err != nil {
		return err
	}
	image, err := v.index(ctx)
	if err != nil {
		return err
	}
	image = strings.Replace(image, host(near), host(far), 1)
	medians, err := race(ctx, 5,
		func(ctx context.Context, _ int) (took, error) {
			r, err := b.succeed(ctx, v.ours, b.sigwalk, "tree", "--dir", v.ours["TUF_ROOT"], "--output", "json", image)
			if err != nil {
				return took{}, err
			}
			return r.took, whole(r.stdout)
		},
		func(ctx context.Context, _ int) (took, error) {
			r, err := b.succeed(ctx, v.theirs, b.cosign, "tree", image)
			return r.took, err
		})
	if err != nil {
		return err
	}
	b.table.line(fmt.Sprintf("tree: %d platforms, %d referrers", platforms, platforms*referring), medians[0].String(),
		medians[1].String()+" cosign, index alone", "", aim(medians[0].wall < 500*time.Millisecond, "0.5 s over a link of 20 ms"))
	return nil
}

func host(server *httptest.Server) string { return strings.TrimPrefix(server.URL, "http://") }

// behindLink serves as over a link with a round trip of 20 ms: one for each request, and one more for a connection.
func behindLink(handler http.Handler) *httptest.Server {
	type fresh struct{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wait := link
		if isNew, ok := r.Context().Value(fresh{}).(*atomic.Bool); ok && isNew.Swap(false) {
			wait += link
		}
		select {
		case <-time.After(wait):
			handler.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}))
	server.Config.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		isNew := &atomic.Bool{}
		isNew.Store(true)
		return context.WithValue(ctx, fresh{}, isNew)
	}
	server.Start()
	return server
}

// index pushes an index each of whose platforms has a signature in a tag and ten referrers.
func (v *verifications) index(ctx context.Context) (string, error) {
	ref, err := name.ParseReference(v.host + "/bench/platforms:latest")
	if err != nil {
		return "", err
	}
	index := mutate.IndexMediaType(empty.Index, "application/vnd.oci.image.index.v1+json")
	var images []name.Digest
	for i := range platforms {
		image, err := random.Image(256, 1)
		if err != nil {
			return "", err
		}
		platform := &v1.Platform{OS: "linux", Architecture: fmt.Sprintf("arch%d", i)}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
		h, err := image.Digest()
		if err != nil {
			return "", err
		}
		images = append(images, ref.Context().Digest(h.String()))
	}
	if err := remote.WriteIndex(ref, index, remote.WithContext(ctx)); err != nil {
		return "", err
	}
	var g errgroup.Group
	for _, image := range images {
		g.Go(func() error { return v.furnish(ctx, image) })
	}
	return ref.String(), g.Wait()
}

// furnish hangs on one platform what belongs to it.
func (v *verifications) furnish(ctx context.Context, image name.Digest) error {
	spec := verificationtest.Spec{Subject: alice, Issuer: issuer}
	layer, err := v.deployment.Sign(image, spec)
	if err != nil {
		return err
	}
	if err := verificationtest.Attach(ctx, image, []verificationtest.Layer{layer}); err != nil {
		return err
	}
	for i := range referring {
		if i%2 == 0 {
			bundle, err := v.deployment.Bundle(image, spec)
			if err != nil {
				return err
			}
			if err := verificationtest.ReferBundle(ctx, image, bundle, verificationtest.SignPredicate); err != nil {
				return err
			}
			continue
		}
		content := fmt.Appendf(nil, `{"spdxVersion":"SPDX-2.3","name":"%d"}`, i)
		if _, err := verificationtest.Refer(ctx, image, "application/spdx+json", content, nil); err != nil {
			return err
		}
	}
	return nil
}

// whole checks that a tree lacks nothing, and that every signature in it verified.
func whole(tree []byte) error {
	type node struct {
		Kind      string
		Verified  *bool
		Signature *struct{ Verified bool }
		Children  []node
		Error     any
	}
	var root node
	if err := json.Unmarshal(tree, &root); err != nil {
		return err
	}
	counts := map[string]int{}
	var count func(node)
	count = func(n node) {
		counts[n.Kind]++
		if n.Signature != nil && n.Signature.Verified {
			counts["verified"]++
		}
		if n.Error != nil {
			counts["failed"]++
		}
		for _, child := range n.Children {
			count(child)
		}
	}
	count(root)
	signatures := platforms * (1 + referring/2)
	if counts["image"] != platforms || counts["signature"] != signatures || counts["verified"] != signatures ||
		counts["referrer"] != platforms*referring/2 || counts["failed"] != 0 {
		return fmt.Errorf("the tree is not whole: %v", counts)
	}
	return nil
}
