package lesson

import (
	"context"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/workshop"
)

// pace is the least time between two looks at a session that keeps changing: 30 a second.
const pace = time.Second / 30

// changed carries the session as it was at one moment.
type changed struct {
	of       *Model
	snapshot workshop.Snapshot
	question actions.Question
	asked    bool
	chunks   []chunk
}

// chunk is what a step printed between two offsets.
type chunk struct {
	step, from, to int
	text           string
}

// ended says that a run is over; err is why it could not be run, or that it was cancelled.
type ended struct {
	of   *Model
	step int
	err  error
}

// selected says that the session was told of a chosen step.
type selected struct {
	of   *Model
	step int
}

// second passes while a step runs.
type second struct{ of *Model }

// look takes the session as it is now.
func (m *Model) look() tea.Cmd {
	read := append([]int(nil), m.read...)
	return m.deps.Tasks.Cmd(func() tea.Msg { return m.take(read) })
}

// wait takes the session when it has changed, but not before the pace allows.
func (m *Model) wait() tea.Cmd {
	read := append([]int(nil), m.read...)
	ctx, session, earliest := m.life, m.session, time.Now().Add(pace)
	return m.deps.Tasks.Cmd(func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case <-session.Changed():
		}
		timer := time.NewTimer(time.Until(earliest))
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		return m.take(read)
	})
}

// take reads nothing of the model but what never changes.
func (m *Model) take(read []int) changed {
	msg := changed{of: m, snapshot: m.session.Snapshot()}
	msg.question, msg.asked = m.session.Question()
	for step := range msg.snapshot.Steps {
		from := 0
		if step < len(read) {
			from = read[step]
		}
		if text, to := m.session.Output(step, from); to > from {
			msg.chunks = append(msg.chunks, chunk{step, from, to, text})
		}
	}
	return msg
}

// watch lets the session look at the world until the program ends.
func (m *Model) watch() tea.Cmd {
	ctx, session := m.life, m.session
	return m.deps.Tasks.Cmd(func() tea.Msg {
		session.Watch(ctx)
		return nil
	})
}

func (m *Model) run(ctx context.Context, step int, line string) tea.Cmd {
	return m.deps.Tasks.Cmd(func() tea.Msg {
		return ended{m, step, m.session.Run(ctx, step, line)}
	})
}

// tell lets the session know which step is looked at. One such command is under way at a time, so that none overtakes
// another.
func (m *Model) tell(step int) tea.Cmd {
	return m.deps.Tasks.Cmd(func() tea.Msg {
		m.session.Select(step)
		return selected{m, step}
	})
}

// do calls the session for its effect; what comes of it is in the next snapshot.
func (m *Model) do(work func(Session)) tea.Cmd {
	return m.deps.Tasks.Cmd(func() tea.Msg {
		work(m.session)
		return nil
	})
}

func (m *Model) tick() tea.Cmd { return m.deps.After(time.Second, second{m}) }
