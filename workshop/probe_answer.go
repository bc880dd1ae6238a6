package workshop

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sigwalk/sigwalk/actions/registry"
	"github.com/sigwalk/sigwalk/workshop/shell/own"
)

// The things that a question can be about.
const (
	ofSignatures = "signatures" // how many signatures hang on the image
	ofSigners    = "signers"    // how many different identities verify
	ofLogIndex   = "log-index"  // the index of a signature by the subject
	ofDigest     = "digest"     // the image's digest, or its first eight digits and more
	ofTags       = "tags"       // how many tags the image's repository has
	ofConsumers  = "consumers"  // how many of the programs that look at signatures find one of the image that verifies
)

// answer holds what the learner answered against the world, or against the one right text.
func (a *asked) answer(ctx context.Context) CheckResult {
	given, ok := lastOf[*own.Answered](a)
	if !ok {
		return fails("nothing was answered: change the line to answer and what you think")
	}
	got := strings.ToLower(given.Text)
	if text := a.with["text"]; text != "" {
		if !strings.EqualFold(text, got) {
			return fails(fmt.Sprintf("%q is not right", given.Text))
		}
		return holds("%s", given.Text)
	}
	right, outcome := a.rightAnswers(ctx)
	if outcome.State != CheckHolds {
		return outcome
	}
	if a.with["of"] == ofDigest {
		hex := strings.TrimPrefix(got, "sha256:")
		if len(hex) >= 8 && strings.HasPrefix(strings.TrimPrefix(right[0], "sha256:"), hex) {
			return holds("%s", right[0])
		}
	}
	if slices.Contains(right, got) {
		return holds("%s", given.Text)
	}
	return fails(fmt.Sprintf("%q is not what the world shows", given.Text))
}

// rightAnswers looks the answer up.
func (a *asked) rightAnswers(ctx context.Context) ([]string, CheckResult) {
	c, err := a.world.clients()
	if err != nil {
		return nil, broken(err)
	}
	switch a.with["of"] {
	case ofDigest:
		image, err := c.registry.Resolve(ctx, a.with["image"])
		if err != nil {
			return nil, refused(err)
		}
		return []string{image.Digest.DigestStr()}, CheckResult{State: CheckHolds}
	case ofTags:
		return a.countTags(ctx, c)
	case ofConsumers:
		return a.countConsumers(ctx, c)
	}
	report, err := c.verifier.List(ctx, a.with["image"])
	if err != nil {
		return nil, refused(err)
	}
	var right, signers []string
	for _, s := range report.Verified() {
		if s.Subject != "" && !slices.Contains(signers, s.Subject) {
			signers = append(signers, s.Subject)
		}
		if s.LogIndex != nil && s.Subject == a.with["subject"] {
			right = append(right, strconv.FormatInt(*s.LogIndex, 10))
		}
	}
	switch a.with["of"] {
	case ofSignatures:
		right = []string{strconv.Itoa(len(report.Signatures))}
	case ofSigners:
		right = []string{strconv.Itoa(len(signers))}
	}
	if len(right) == 0 {
		return nil, fails("there is no signature by " + a.with["subject"])
	}
	return right, CheckResult{State: CheckHolds}
}

func (a *asked) countTags(ctx context.Context, c *clients) ([]string, CheckResult) {
	ref, err := registry.Parse(a.with["image"])
	if err != nil {
		return nil, refused(err)
	}
	tags, err := c.registry.Tags(ctx, ref.Context().Name())
	if err != nil {
		return nil, refused(err)
	}
	return []string{strconv.Itoa(len(tags))}, CheckResult{State: CheckHolds}
}

func (a *asked) countConsumers(ctx context.Context, c *clients) ([]string, CheckResult) {
	node, err := c.verifier.Tree(ctx, a.with["image"])
	if err != nil {
		return nil, refused(err)
	}
	find := 0
	for _, consumer := range node.Consumers() {
		if consumer.Finds {
			find++
		}
	}
	return []string{strconv.Itoa(find)}, CheckResult{State: CheckHolds}
}
