#include "plugins/alert/rules/alerting_rule.hpp"

#include <algorithm>

namespace tarsier::rules {
namespace {

constexpr int64_t kMinute = 60'000'000'000;
constexpr int64_t kResolvedRetention = 15 * kMinute;  // a resolved alert is told again for so long

void set_label(LabelMap& labels, const std::string& name, std::string value) {
  const auto at = std::lower_bound(labels.begin(), labels.end(), name,
                                   [](const auto& pair, const std::string& key) { return pair.first < key; });
  const bool there = at != labels.end() && at->first == name;
  if (value.empty()) {
    if (there) labels.erase(at);
  } else if (there) {
    at->second = std::move(value);
  } else {
    labels.insert(at, {name, std::move(value)});
  }
}

tmpl::Value map_of(const LabelMap& labels) {
  tmpl::Value::Map map;
  for (const auto& [name, value] : labels) map[name] = value;
  return tmpl::Value::map(std::move(map));
}

}  // namespace

std::string_view state_name(State state) {
  switch (state) {
    case State::pending:
      return "pending";
    case State::firing:
      return "firing";
    case State::inactive:
      break;
  }
  return "inactive";
}

std::string render_template(const Templated& source, const Element& element, const RuleContext& context) {
  const tmpl::Value labels = map_of(element.labels);
  const tmpl::Value external = map_of(context.external_labels);
  const tmpl::Value value(element.value);
  const tmpl::Value url(context.environment.external_url);
  const tmpl::Value data =
      tmpl::Value::map({{"Labels", labels}, {"Value", value}, {"ExternalLabels", external}, {"ExternalURL", url}});
  auto text = tmpl::execute(*source.parsed, data,
                            {{"$labels", labels}, {"$value", value}, {"$externalLabels", external}, {"$externalURL", url}},
                            context.environment);
  return text ? std::move(*text) : "<error expanding template: " + text.error().message() + ">";
}

Result<Alert> AlertingRule::render(int64_t now_ns, const Element& element, const RuleContext& context) const {
  Alert alert;
  alert.labels = element.labels;
  for (const Templated& label : rule_.labels) set_label(alert.labels, label.name, render_template(label, element, context));
  set_label(alert.labels, "alertname", rule_.name);
  for (const Templated& annotation : rule_.annotations)
    set_label(alert.annotations, annotation.name, render_template(annotation, element, context));
  alert.value = element.value;
  alert.active_at_ns = now_ns;
  return alert;
}

Result<void> AlertingRule::evaluate(int64_t now_ns, const std::vector<Element>& result, uint64_t limit,
                                    const RuleContext& context) {
  std::map<LabelMap, Alert> seen;
  for (const Element& element : result) {
    auto alert = render(now_ns, element, context);
    if (!alert) return std::move(alert).error();
    LabelMap key = alert->labels;
    if (!seen.emplace(std::move(key), std::move(*alert)).second)
      return Error(TARSIER_INVALID, "vector contains metrics with the same labelset after applying alert labels");
  }
  for (auto& [labels, alert] : seen) {
    const auto known = active_.find(labels);
    if (known == active_.end() || known->second.state == State::inactive) {
      active_[labels] = alert;
    } else {
      known->second.value = alert.value;
      known->second.annotations = std::move(alert.annotations);
    }
  }
  for (auto at = active_.begin(); at != active_.end();) {
    step(at->second, seen.contains(at->first), now_ns);
    at = finished(at->second, now_ns) ? active_.erase(at) : std::next(at);
  }
  const auto live =
      std::count_if(active_.begin(), active_.end(), [](const auto& entry) { return entry.second.state != State::inactive; });
  if (limit > 0 && static_cast<uint64_t>(live) > limit) {
    active_.clear();
    return Error(TARSIER_RESOURCE, "exceeded limit of " + std::to_string(limit) + " with " + std::to_string(live) + " alerts");
  }
  return {};
}

void AlertingRule::step(Alert& alert, bool present, int64_t now_ns) const {
  if (alert.state == State::inactive) return;
  if (present) {
    alert.keep_firing_since_ns = 0;
    if (alert.state == State::pending && now_ns - alert.active_at_ns >= rule_.for_ns) {
      alert.state = State::firing;
      alert.fired_at_ns = now_ns;
    }
    return;
  }
  if (alert.state == State::firing && rule_.keep_firing_for_ns > 0) {
    if (alert.keep_firing_since_ns == 0) alert.keep_firing_since_ns = now_ns;
    if (now_ns - alert.keep_firing_since_ns < rule_.keep_firing_for_ns) return;
  }
  alert.resolved_at_ns = alert.state == State::firing ? now_ns : 0;
  alert.state = State::inactive;
}

/// A pending alert that went away leaves nothing; a resolved one stays until everybody has heard of it.
bool AlertingRule::finished(const Alert& alert, int64_t now_ns) const {
  if (alert.state != State::inactive) return false;
  return alert.resolved_at_ns == 0 || now_ns - alert.resolved_at_ns > kResolvedRetention;
}

std::vector<Alert> AlertingRule::take_due(int64_t now_ns, int64_t resend_ns) {
  std::vector<Alert> due;
  for (auto& [labels, alert] : active_) {
    if (alert.state == State::pending) continue;
    const bool news =
        alert.state == State::inactive ? alert.resolved_at_ns > alert.last_sent_ns : alert.fired_at_ns > alert.last_sent_ns;
    if (!news && now_ns - alert.last_sent_ns < resend_ns) continue;
    alert.last_sent_ns = now_ns;
    due.push_back(alert);
  }
  return due;
}

void AlertingRule::restore(Alert alert) {
  LabelMap key = alert.labels;
  active_.insert_or_assign(std::move(key), std::move(alert));
}

State AlertingRule::state() const {
  State worst = State::inactive;
  for (const auto& [labels, alert] : active_) {
    if (alert.state == State::firing) return State::firing;
    if (alert.state == State::pending) worst = State::pending;
  }
  return worst;
}

}  // namespace tarsier::rules
