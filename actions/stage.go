package actions

import "context"

// RunStage reports that a stage starts, runs work, and reports how it ended. The string that work returns is the detail
// of the ended stage.
func RunStage(ctx context.Context, obs Observer, clock Clock, id, title string, work func(context.Context) (string, error)) error {
	start := clock.Now()
	obs.Event(ctx, Stage{ID: id, Title: title, State: StageStarted, At: start})
	detail, err := work(ctx)
	end := clock.Now()
	stage := Stage{ID: id, Title: title, State: StageDone, Detail: detail, At: end, Took: end.Sub(start)}
	if err != nil {
		stage.State, stage.Detail = StageFailed, err.Error()
	}
	obs.Event(ctx, stage)
	return err
}
