// The way back of a Change that failed after it had begun.
#include "core/host/change.hpp"

namespace tarsier::host {

void Change::roll_back() {
  for (const Step& step : steps_) {
    if (step.down && step.kind != Kind::remove) begin_transit(step);
  }
  for (auto step = steps_.rbegin(); step != steps_.rend(); ++step) {
    if (step->up && !step->handed_over) end_fresh(*step);
  }
  for (Step& step : steps_) {
    if (step.handed_over) retire_beside(step);  // it cannot take back what it gave away: another instance of it starts
    if (step.down || step.handed_over) revive(step);
  }
  undo_reconfigured();
}

void Change::end_fresh(Step& step) {
  if (step.beside) {
    const auto moved = lifecycle_.rooms_.services->offer(step.spec.name, step.entry->order, step.old->offered());
    const auto drained = lifecycle_.drain(*step.fresh, moved);
    if (drained) (void)step.fresh->stop(lifecycle_.limits_.stop);
  } else {
    (void)lifecycle_.take_down(step.fresh);
  }
  step.up = false;
}

void Change::revive(Step& step) {
  if (step.entry == nullptr) return;
  auto instance = lifecycle_.prepare(step.entry->spec);
  ServiceRegistry::References moved;
  Result<void> up = instance ? lifecycle_.bring_up(**instance, step.entry->order, &moved) : Result<void>(instance.error());
  if (step.up) end_successor(step, up.ok(), moved);
  {
    const std::lock_guard lock(lifecycle_.entries_mutex_);
    step.entry->instance = instance ? *instance : nullptr;
  }
  lifecycle_.discard(std::move(step.old));
  if (!up) lifecycle_.fail(*step.entry, up.error().message());
}

// It ran until now because the old one had handed over to it.
void Change::end_successor(Step& step, bool revived, const ServiceRegistry::References& moved) {
  if (!revived) {
    (void)lifecycle_.take_down(step.fresh);
  } else if (lifecycle_.drain(*step.fresh, moved)) {
    (void)step.fresh->stop(lifecycle_.limits_.stop);
  }
  step.up = false;
}

ApplyReport Change::give_up() {
  for (Step& step : steps_) lifecycle_.discard(std::move(step.fresh));
  for (Step& step : steps_) {
    step.old.reset();
    step.spec = {};
  }
  lifecycle_.sweep();
  report_.applied = false;
  return std::move(report_);
}

void Change::undo_reconfigured() {
  for (auto& [step, before] : reconfigured_) {
    if (step->old == nullptr) continue;  // it was stopped, and started again with what it had before
    auto undone = step->old->reconfigure(before, lifecycle_.limits_.call);
    if (!undone) lifecycle_.on_failed(*step->old, "its former configuration was refused: " + undone.error().message());
  }
  reconfigured_.clear();
}

}  // namespace tarsier::host
