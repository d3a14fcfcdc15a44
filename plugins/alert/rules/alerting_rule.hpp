// AlertingRule: the alerts of one rule over time: inactive, pending, firing, resolved.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "plugins/alert/rules/rule_file.hpp"
#include "plugins/lib/template/execute.hpp"

namespace tarsier::rules {

/// One sample of an instant vector, without the metric's name.
struct Element {
  LabelMap labels;
  double value = 0;                  // of a native histogram 0, as the original has it
  double sum = 0;                    // of a native histogram
  std::vector<uint8_t> histogram{};  // encoded (tarsier/histogram.hpp); empty: a number
};

enum class State : uint8_t { pending, firing, inactive };

struct Alert {
  LabelMap labels;  // with alertname
  LabelMap annotations;
  double value = 0;
  State state = State::pending;
  int64_t active_at_ns = 0;
  int64_t fired_at_ns = 0;
  int64_t resolved_at_ns = 0;
  int64_t keep_firing_since_ns = 0;
  int64_t last_sent_ns = 0;
};

/// What templates of a rule see besides the sample.
struct RuleContext {
  LabelMap external_labels;
  tmpl::Environment environment;
};

/// Not thread-safe: owned by its group.
class AlertingRule {
 public:
  explicit AlertingRule(Rule rule) : rule_(std::move(rule)) {}

  const Rule& rule() const noexcept { return rule_; }

  /// Takes the result of the expression at `now_ns`. On an error (two elements with the same labels, more than `limit` alerts)
  /// nothing changes but what the limit demands: over it all alerts are dropped.
  Result<void> evaluate(int64_t now_ns, const std::vector<Element>& result, uint64_t limit, const RuleContext& context);

  /// Pending, firing, and for 15 minutes resolved ones; by labels.
  const std::map<LabelMap, Alert>& alerts() const noexcept { return active_; }

  /// Alerts that must be sent now: firing ones that changed or were not sent for `resend_ns`, and resolved ones. Marks them as
  /// sent.
  std::vector<Alert> take_due(int64_t now_ns, int64_t resend_ns);

  /// Continues alerts of an earlier run.
  void restore(Alert alert);

  /// The worst state of its alerts.
  State state() const;

 private:
  Result<Alert> render(int64_t now_ns, const Element& element, const RuleContext& context) const;
  void step(Alert& alert, bool present, int64_t now_ns) const;
  bool finished(const Alert& alert, int64_t now_ns) const;

  Rule rule_;
  std::map<LabelMap, Alert> active_;
};

/// Renders one label or annotation; on failure the text says why, as the original does.
std::string render_template(const Templated& source, const Element& element, const RuleContext& context);

std::string_view state_name(State state);

}  // namespace tarsier::rules
