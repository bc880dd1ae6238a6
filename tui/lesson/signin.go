package lesson

import (
	"github.com/sigwalk/sigwalk/actions"
	"github.com/sigwalk/sigwalk/tui/signin"
	"github.com/sigwalk/sigwalk/workshop"
)

// signIn lays the screen of a sign-in over this one, and shows what is asked now.
func (m *Model) signIn(q actions.Question) {
	m.edit, m.prompt, m.ask = nil, nil, nil
	if m.signin == nil {
		m.signin = signin.New(m.deps, m.reply)
		m.signin.SetSize(m.width, m.height)
	}
	m.signin.Ask(q)
}

// signing tells the screen of a sign-in where the work stands, and takes it away when the sign-in is over.
func (m *Model) signing() {
	if m.signin == nil {
		return
	}
	for _, step := range m.snap.Steps {
		if step.State != workshop.StepRunning {
			continue
		}
		over := false
		for _, stage := range step.Stages {
			if stage.ID == "sign-in" {
				over = stage.State != actions.StageStarted
			}
		}
		if !over {
			m.signin.Stages(step.Stages)
			return
		}
	}
	m.signin = nil
}
