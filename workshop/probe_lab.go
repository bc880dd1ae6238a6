package workshop

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/sigwalk/sigwalk/actions/pack"
	"github.com/sigwalk/sigwalk/actions/recovery"
	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/workshop/lab"
	"github.com/sigwalk/sigwalk/workshop/sandbox/tamper"
	"github.com/sigwalk/sigwalk/workshop/shell/own"
)

// reaches holds a number against at-least, where that is given.
func (a *asked) reaches(found int) bool {
	want, err := strconv.Atoi(a.with["at-least"])
	return err != nil || found >= want
}

// signaturesLost wants the step's race to have cost signatures.
func (a *asked) signaturesLost() CheckResult {
	race, ok := lastOf[*lab.RaceOutcome](a)
	switch image := a.with["image"]; {
	case !ok:
		return fails("the command let nobody sign at once")
	case image != "" && image != race.Image:
		return fails("the race was about " + race.Image)
	case !a.reaches(race.Lost):
		return fails(fmt.Sprintf("%s lost, and at least %s wanted", signatures(race.Lost), a.with["at-least"]))
	}
	return holds("%d signed, %s lost", race.Signers, signatures(race.Lost))
}

// signaturesRecovered wants the step's recovery to have brought signatures back, and to have left none that it could.
func (a *asked) signaturesRecovered(ctx context.Context) CheckResult {
	report, ok := lastOf[*recovery.Report](a)
	if !ok {
		return fails("the command looked for no lost signatures")
	}
	if outcome, same := a.sameImage(ctx, report.Digest.DigestStr()); !same {
		return outcome
	}
	if left := len(report.Lacking()); left > 0 {
		return fails(signatures(left) + " could be brought back and was not")
	}
	if attached := len(report.Attached()); !a.reaches(attached) {
		return fails(fmt.Sprintf("%s brought back, and at least %s wanted", signatures(attached), a.with["at-least"]))
	}
	return holds("%s brought back; the tag holds %d", signatures(len(report.Attached())), report.After)
}

// tampered wants the step to have tampered in the way named, and the check named to have turned red.
func (a *asked) tampered() CheckResult {
	outcome, ok := lastOf[*lab.Outcome](a)
	if !ok {
		return fails("the command tampered with nothing")
	}
	red := make([]string, len(outcome.Red))
	for i, id := range outcome.Red {
		red[i] = string(id)
	}
	if len(red) == 0 && !outcome.Verified {
		red = []string{tamper.NoSignatures}
	}
	found := "red: " + strings.Join(red, ", ")
	switch want := a.with["red"]; {
	case outcome.Case != a.with["case"]:
		return fails(fmt.Sprintf("the case was %s, and %s is wanted", outcome.Case, a.with["case"]))
	case want != "" && !slices.Contains(red, want):
		return fails(found)
	case a.with["predicted"] != "" && outcome.Prediction == "":
		return fails("nothing was predicted: say --predict and a check")
	case a.with["predicted"] != "" && !outcome.Right:
		return fails(fmt.Sprintf("%s stayed as it was; %s", outcome.Prediction, found))
	}
	return holds("%s", found)
}

// trustChecked holds what a trust root lacks against the number wanted.
func (a *asked) trustChecked() CheckResult {
	coverage, ok := lastOf[*own.Footing](a)
	switch {
	case !ok:
		return fails("the command held no trust root against signatures")
	case len(coverage.Rows) == 0:
		return fails("there was no signature to hold it against")
	}
	found := fmt.Sprintf("%d lacking, for %s", coverage.Lacking, signatures(len(coverage.Rows)))
	if want, ok := a.enough(coverage.Lacking); !ok {
		return fails(found + ", and " + want + " wanted")
	}
	return holds("%s", found)
}

// trustDiffers wants a difference between two trust roots, and signatures on which it tells.
func (a *asked) trustDiffers() CheckResult {
	difference, ok := lastOf[*own.Difference](a)
	if !ok {
		return fails("the command compared no trust roots")
	}
	for _, change := range difference.Changes {
		if change.What != a.with["what"] || change.Part != a.with["part"] {
			continue
		}
		if !a.reaches(len(difference.Signatures)) {
			return fails(fmt.Sprintf("%s with another verdict, and at least %s wanted", signatures(len(difference.Signatures)), a.with["at-least"]))
		}
		return holds("%s %s, %s with another verdict", change.Part, change.What, signatures(len(difference.Signatures)))
	}
	return fails(fmt.Sprintf("no %s was %s", a.with["part"], a.with["what"]))
}

// badge counts the badges that Quay's page shows.
func (a *asked) badge() CheckResult {
	page, ok := lastOf[*own.Page](a)
	if !ok {
		return fails("the command looked at no page")
	}
	if want := a.with["repository"]; want != "" && !strings.Contains(page.URL, "/repository/"+want+"?") {
		return fails("the page was " + page.URL)
	}
	found := fmt.Sprintf("badges at %d of %d tags", page.Badges, len(page.Rows))
	if want, ok := a.enough(page.Badges); !ok {
		return fails(found + ", and " + want + " wanted")
	}
	return holds("%s", found)
}

// packed wants the step's pack to verify without the network.
func (a *asked) packed(ctx context.Context) CheckResult {
	proof, ok := lastOf[*pack.Proof](a)
	if !ok {
		return fails("the command packed nothing")
	}
	if outcome, same := a.sameImage(ctx, proof.Digest); !same {
		return outcome
	}
	verified := 0
	for _, s := range proof.Report.Verified() {
		if s.Kind == verification.KindSignature {
			verified++
		}
	}
	switch {
	case proof.Calls > 0:
		return fails(fmt.Sprintf("verifying it took %d network calls", proof.Calls))
	case !a.reaches(verified):
		return fails(fmt.Sprintf("%s verified, and at least %s wanted", signatures(verified), a.with["at-least"]))
	}
	return holds("%s verified, no network call", signatures(verified))
}
