package lesson

import (
	"github.com/sigwalk/sigwalk/tui/keys"
	"github.com/sigwalk/sigwalk/tui/screen"
)

// move scrolls the pane that has the focus, or moves the row that is chosen in it.
func (m *Model) move(intent keys.Intent) {
	page := max(1, m.height/2)
	switch m.focus {
	case paneEnv:
		moveRow(&m.cursor[paneEnv], len(m.snap.Env), intent, page)
	case paneSteps:
		moveRow(&m.cursor[paneSteps], len(m.snap.Steps), intent, page)
	case paneOutput:
		if !m.compare && (!m.showsResult() || m.drawn.both) {
			m.moveLog(intent)
			return
		}
		screen.Moved(&m.scroll[paneOutput], intent, max(1, m.drawn.output-1))
	default:
		screen.Moved(&m.scroll[m.focus], intent, max(1, m.drawn.text-1))
	}
}

func (m *Model) moveLog(intent keys.Intent) {
	log, rows := m.logs[m.step], m.drawn.output
	switch intent {
	case keys.Up:
		log.Move(-1, rows)
	case keys.Down:
		log.Move(1, rows)
	case keys.PageUp:
		log.Move(1-rows, rows)
	case keys.PageDown:
		log.Move(rows-1, rows)
	case keys.Home:
		log.Home()
	case keys.End:
		log.Follow()
	}
}

// rowMover moves a chosen row among n.
type rowMover struct {
	at *int
	n  int
}

func (r rowMover) Move(rows int) { *r.at = max(0, min(r.n-1, *r.at+rows)) }
func (r rowMover) Home()         { *r.at = 0 }
func (r rowMover) End()          { *r.at = max(0, r.n-1) }

func moveRow(at *int, n int, intent keys.Intent, page int) {
	screen.Moved(rowMover{at, n}, intent, page)
}
