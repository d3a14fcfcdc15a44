// RuleGroup: rules that are evaluated together, in order, each interval. What they yield goes to a Sink; what they ask comes from a
// Querier.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "plugins/alert/rules/alerting_rule.hpp"
#include "tarsier/batch_builder.hpp"

namespace tarsier::rules {

/// Evaluates an expression at one time. Thread-safe.
class Querier {
 public:
  virtual ~Querier() = default;
  virtual Result<std::vector<Element>> query(const std::string& expression, int64_t time_ns) = 0;
};

/// Takes what rules yield. Thread-safe.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Returns when the samples can be queried, or why they cannot.
  virtual Result<void> samples(batch::SamplesBuilder& samples) = 0;
  virtual Result<void> alerts(batch::AlertsBuilder& alerts) = 0;
};

/// How a rule did when it was last evaluated.
struct Health {
  bool evaluated = false;
  std::string last_error;
  int64_t last_evaluation_ns = 0;
  int64_t duration_ns = 0;
};

struct GroupSettings {
  int64_t interval_ns = 0;  // of groups that name none
  int64_t resend_ns = 0;
  RuleContext context;
};

class RuleGroup {
 public:
  RuleGroup(Group group, const GroupSettings& settings);

  const Group& definition() const noexcept { return definition_; }
  int64_t interval_ns() const noexcept { return interval_ns_; }

  /// Evaluates all rules at `now_ns`. Failures are kept for rules() and counted in the result. One thread at a time.
  size_t evaluate(int64_t now_ns, Querier& querier, Sink& sink);

  /// Marks every series that the group has written as stale: it will not be evaluated again.
  void retire(int64_t now_ns, Sink& sink);

  /// Takes over alerts, health and written series from the group that this one replaces, rule by rule.
  void continue_from(RuleGroup& before);

  struct Entry {
    Rule rule;
    Health health;
    State state = State::inactive;
    std::vector<Alert> alerts;  // pending and firing
  };
  /// [any] What the API shows.
  std::vector<Entry> rules() const;
  Health health() const;

  /// For persistence: every alert by the rule's index.
  std::vector<std::pair<size_t, Alert>> alerts() const;
  void restore(size_t rule, Alert alert);

 private:
  struct Slot {
    explicit Slot(Rule source) : rule(std::move(source)) {}
    AlertingRule rule;  // of a recording rule only the definition is used
    Health health;
    std::set<LabelMap> written;  // series of the last evaluation
  };

  Result<void> evaluate_rule(Slot& slot, int64_t now_ns, Querier& querier, Sink& sink);
  Result<void> record(Slot& slot, int64_t now_ns, const std::vector<Element>& result, Sink& sink);
  Result<void> alert(Slot& slot, int64_t now_ns, const std::vector<Element>& result, Sink& sink);
  Result<void> write(Slot& slot, int64_t now_ns, const std::vector<Element>& series, Sink& sink);
  Result<void> send(const std::vector<Alert>& due, const Rule& rule, int64_t now_ns, Sink& sink) const;

  Group definition_;
  int64_t interval_ns_;
  int64_t resend_ns_;
  RuleContext context_;
  mutable std::mutex slots_mutex_;
  std::vector<Slot> slots_;
  Health health_;
};

}  // namespace tarsier::rules
