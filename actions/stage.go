package actions

import "context"

type stageKey struct{}

// WithStage says that what is done under the context it returns belongs to the stage with this ID: the network calls in a
// trace are told apart by it.
func WithStage(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, stageKey{}, id)
}

// StageOf returns the ID of the innermost stage that ctx belongs to, "" for none.
func StageOf(ctx context.Context) string {
	id, _ := ctx.Value(stageKey{}).(string)
	return id
}

// RunStage reports that a stage starts, runs work, and reports how it ended. The string that work returns is the detail
// of the ended stage.
func RunStage(ctx context.Context, obs Observer, clock Clock, id, title string, work func(context.Context) (string, error)) error {
	start := clock.Now()
	obs.Event(ctx, Stage{ID: id, Title: title, State: StageStarted, At: start})
	detail, err := work(WithStage(ctx, id))
	end := clock.Now()
	stage := Stage{ID: id, Title: title, State: StageDone, Detail: detail, At: end, Took: end.Sub(start)}
	if err != nil {
		stage.State, stage.Detail = StageFailed, err.Error()
	}
	obs.Event(ctx, stage)
	return err
}
