package workshop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
)

// filePresent asks whether the lesson's directory holds a file, which holds a text.
func (a *asked) filePresent() CheckResult {
	path := a.with["path"]
	content, err := a.world.readFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fails("there is no " + path)
	case err != nil:
		return broken(err)
	case !bytes.Contains(content, []byte(a.with["holds"])):
		return fails(fmt.Sprintf("%s does not hold %q", path, a.with["holds"]))
	}
	return holds("%d bytes", len(content))
}

// keySignature asks for a signature that a public key of the lesson's directory verifies, whoever put it there.
func (a *asked) keySignature(ctx context.Context) CheckResult {
	c, err := a.world.clients()
	if err != nil {
		return broken(err)
	}
	key := a.with["key"]
	if _, err := a.world.readFile(key); errors.Is(err, fs.ErrNotExist) {
		return fails("there is no " + key)
	}
	report, err := a.verify(ctx, c, a.with["image"], policyIdentity{key: key})
	if err != nil {
		return refused(err)
	}
	verified := report.Verified()
	if len(verified) == 0 {
		return failsBy(fmt.Sprintf("no signature that %s verifies, among %d", key, len(report.Signatures)), report.Verdict())
	}
	last := verified[len(verified)-1]
	if last.LogIndex == nil {
		return holds("%s, without an entry in the log", signatures(len(verified)))
	}
	return holds("%s, log index %d", signatures(len(verified)), *last.LogIndex)
}

// organization asks a Quay whether it has an organisation.
func (a *asked) organization(ctx context.Context) CheckResult {
	c, err := a.world.clients()
	if err != nil {
		return broken(err)
	}
	client, err := quay.New(ctx, quay.Options{
		Registry: c.registry, Host: a.with["registry"], Token: actions.NewSecret(a.with["token"]), Transport: c.transport,
	})
	if err != nil {
		return refused(err)
	}
	there, err := client.HasOrganization(ctx, a.with["name"])
	switch {
	case err != nil:
		return refused(err)
	case !there:
		return fails(fmt.Sprintf("%s has no organisation %s", a.with["registry"], a.with["name"]))
	}
	return holds("%s/%s", a.with["registry"], a.with["name"])
}
