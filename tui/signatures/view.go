package signatures

import (
	"fmt"
	"math"
	"strings"

	"github.com/sigwalk/sigwalk/actions/verification"
	"github.com/sigwalk/sigwalk/tui/widget"
)

// View implements screen.Screen.
func (m *Model) View() []string {
	t := m.deps.Theme
	title := " " + t.Title.Render("Signatures") + "  " + Short(m.report)
	head := []string{
		widget.Sides(title, Count(m.report)+" ", m.width, t.Lines.More),
		widget.Fit(" "+t.Faint.Render(Policy(m.report.Policy)), m.width, t.Lines.More),
	}
	switch {
	case m.filter != nil:
		head[1] = widget.Fit(" / "+m.filter.Line(m.width-4), m.width, "")
	case m.export != nil:
		head[1] = widget.Fit(" export to: "+m.export.Line(m.width-14), m.width, "")
	}
	head = append(head, m.sentence()...)
	split := m.layout()
	lines := m.detailLines(split.SecondWidth - 2)
	if m.reveal && m.onDetail && m.section == sectionChecks && m.drawn != nil {
		m.detail.Show(m.drawn.end-1, split.Second-1) // with what is open below it
		m.detail.Show(m.drawn.at, split.Second-1)
	}
	m.reveal = false
	from, to := m.detail.View(len(lines), split.Second-1)
	pane := widget.Pane{
		Title: tabs(m.section), Right: More(&m.detail, len(lines), split, m.onDetail), Focus: m.onDetail, Lines: lines[from:to],
	}
	return append(head, split.Draw(t, m.tableView(split.FirstWidth, split.First), pane)...)
}

// roomy is the width from which the title of the detail has room for a key.
const roomy = 78

// More says where one is in the n lines of a detail, and while one is not in it, which key leads there.
func More(s *widget.Scroll, n int, split widget.Split, inside bool) string {
	height := split.Second - 1
	position := strings.TrimSuffix(s.Position(n, height), " below")
	if position != "" && !inside && split.SecondWidth >= roomy {
		return fmt.Sprintf("enter: %d more lines", n-height)
	}
	return position
}

// sentence says who signed the chosen row, in as many lines as there is room for: always the same number, so that the table
// stays where it is.
func (m *Model) sentence() []string {
	t := m.deps.Theme
	n := m.sentenceLines()
	wrapped := m.wrappedSentence()
	out := make([]string, n)
	for i := range out {
		switch {
		case i >= len(wrapped):
			out[i] = widget.Spaces(m.width)
		case i == n-1 && len(wrapped) > n:
			out[i] = widget.Fit(" "+widget.Cut(strings.Join(wrapped[i:], " "), m.width-2, t.Lines.More), m.width, "")
		default:
			out[i] = widget.Fit(" "+wrapped[i], m.width, "")
		}
	}
	return out
}

// wrappedSentence is the sentence in as many lines as it takes.
func (m *Model) wrappedSentence() []string {
	row := m.table.Selected()
	if row < 0 {
		return nil
	}
	// The issuer gives way, so that until when it can be proven is seen.
	var out []string
	for most := max(32, m.width-44); most >= 24; most -= 4 {
		out = widget.Wrap(Sentence(&m.rows[row], most), m.width-2)
		if len(out) <= m.sentenceLines() {
			break
		}
	}
	return out
}

// sentenceLines is how many lines the sentence has.
func (m *Model) sentenceLines() int {
	switch {
	case m.height < 20:
		return 1
	case m.width < 120 && m.height >= 22:
		return 3
	}
	return 2
}

// Sentence says in one sentence who signed, who vouched for that, when, and until when that can be proven, once the checks
// have been made: before, how long it can be proven is not known.
// An issuer of more than most cells is cut in its middle: the certificate has it in full.
func Sentence(s *verification.Signature, most int) string {
	text := widget.Clean(s.Sentence())
	if issuer := widget.Clean(s.Issuer); issuer != "" {
		text = strings.Replace(text, issuer, widget.CutMiddle(strings.TrimPrefix(issuer, "https://"), most, "..."), 1)
	}
	if len(s.Checks) == 0 {
		text, _, _ = strings.Cut(text, "; provable")
	}
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// layout gives the detail all that it can get while it has the keys.
func (m *Model) layout() widget.Split {
	least := 6
	if m.onDetail {
		least = m.height
	}
	return widget.SplitOf(m.width, m.height-2-m.sentenceLines(), m.table.Lines()+1, least)
}

// Short names the image of a report: its name without registry, and its digest shortened.
func Short(r *verification.Report) string {
	repository := r.Digest.RepositoryStr()
	if i := strings.LastIndexByte(repository, '/'); i >= 0 {
		repository = repository[i+1:]
	}
	digest := r.Digest.DigestStr()
	if len(digest) > len("sha256:")+8 {
		digest = digest[:len("sha256:")+8]
	}
	if repository == "" {
		return widget.Clean(r.Image)
	}
	return widget.Clean(repository + "@" + digest)
}

func (m *Model) tableView(width, height int) []string {
	if len(m.rows) == 0 {
		return widget.Block([]string{"", "  No signatures on this digest. Sign the image first."}, width, height)
	}
	return m.table.View(width, height)
}

// detailLines are those of the chosen section of the chosen row.
func (m *Model) detailLines(width int) []string {
	row := m.table.Selected()
	if row < 0 {
		return nil
	}
	check := -1
	if m.onDetail {
		check = m.check
	}
	cut := len(m.wrappedSentence()) > m.sentenceLines()
	if d := m.drawn; d != nil && d.row == row && d.section == m.section && d.check == check && d.width == width && d.cut == cut && d.look == m.deps.Theme.Options {
		return d.lines
	}
	d := &drawn{row: row, section: m.section, check: check, width: width, cut: cut, look: m.deps.Theme.Options}
	t, s := m.deps.Theme, &m.rows[row]
	switch m.section {
	case sectionCertificate:
		d.lines = Certificate(t, s, width)
	case sectionLog:
		d.lines = logSection(t, s, m.opts.Entry, width)
	case sectionTime:
		d.lines = times(t, s, m.deps.Clock.Now(), width)
	case sectionStored:
		d.lines = storedAt(t, s, Command(m.report, s), width)
	case sectionRaw:
		d.lines = raw(t, s, width)
	default:
		d.lines, d.at, d.end = matrix(t, s, m.tried[row], check, width)
		if cut { // above there is no room for all of it
			d.lines = append(d.lines, "")
			d.lines = append(d.lines, widget.Wrap(Sentence(s, math.MaxInt), width)...)
			if check == len(s.Checks)-1 {
				d.end = len(d.lines)
			}
		}
	}
	m.drawn = d
	return d.lines
}
