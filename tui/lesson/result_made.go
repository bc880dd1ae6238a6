package lesson

import (
	"fmt"

	"github.com/sigwalk/sigwalk/actions/attachments"
	"github.com/sigwalk/sigwalk/actions/identity/technicaluser"
	"github.com/sigwalk/sigwalk/actions/pack"
	"github.com/sigwalk/sigwalk/actions/registry/quay"
	"github.com/sigwalk/sigwalk/tui/signatures"
	"github.com/sigwalk/sigwalk/tui/theme"
	"github.com/sigwalk/sigwalk/tui/tree"
)

// organizationLines draws what became of an organisation.
func organizationLines(t *theme.Theme, v *quay.Organization, width int) []string {
	f := facts{t: t, width: width}
	switch {
	case v.Missing:
		f.warn("the organisation is not there")
	case v.Created:
		f.ok("the organisation was made")
	default:
		f.ok("the organisation was there already")
	}
	f.add("name", v.Name)
	f.add("at", v.Where)
	return f.out
}

// userLines draws what a technical user is made of, and what of it was made just now.
func userLines(t *theme.Theme, v *technicaluser.Report, width int) []string {
	f := facts{t: t, width: width}
	if v.Done() {
		f.ok("the technical user is there")
	} else {
		f.warn("something of the technical user is missing")
	}
	f.add("at", v.Where)
	for _, item := range v.Items {
		said := fmt.Sprintf("%s %s", item.Thing, item.Name)
		if item.Detail != "" {
			said += ": " + item.Detail
		}
		f.add(string(item.State), said)
	}
	if v.Offer != "" {
		f.warn(v.Offer)
	}
	return f.out
}

// packLines draws what was packed, and what of it verifies without a network.
func packLines(t *theme.Theme, v *pack.Proof, width int) []string {
	f := facts{t: t, width: width}
	f.ok(fmt.Sprintf("packed: %s in one file, which verifies by itself with %s to the network", tree.Size(v.Bytes), counted(v.Calls, "call")))
	f.add("file", v.File)
	f.add("sha256", v.SHA256)
	f.add("holds", counted(v.Manifests, "manifest")+" and "+counted(v.Blobs, "blob"))
	f.add("trust root", "sha256 "+v.TrustRoot)
	return append(f.out, signatures.Table(t, v.Report, width, inline)...)
}

// attachedLines draws what was put beside an image.
func attachedLines(t *theme.Theme, v *attachments.Attached, width int) []string {
	f := facts{t: t, width: width}
	f.ok("put beside the image; nothing signs it")
	f.add("stored as", v.Tag.String())
	if v.Replaced != "" {
		f.add("replaced", v.Replaced)
	}
	return f.out
}

// removedLines draws what was removed from an image.
func removedLines(t *theme.Theme, v []attachments.Removed, width int) []string {
	f := facts{t: t, width: width}
	for _, r := range v {
		if r.Err != nil {
			f.bad(r.Reference.String() + ": " + r.Err.Error())
			continue
		}
		f.ok("removed " + r.Reference.String())
	}
	return f.out
}
