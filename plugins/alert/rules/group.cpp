#include "plugins/alert/rules/group.hpp"

#include <algorithm>
#include <bit>
#include <chrono>

namespace tarsier::rules {
namespace {

const double kStale = std::bit_cast<double>(TARSIER_STALE_NAN_BITS);

std::string escape_query(const std::string& text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain =
        (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      out += {'%', kHex[byte >> 4U], kHex[byte & 15U]};
    }
  }
  return out;
}

LabelMap with(LabelMap labels, const std::string& name, const std::string& value) {
  const auto at = std::lower_bound(labels.begin(), labels.end(), name,
                                   [](const auto& pair, const std::string& key) { return pair.first < key; });
  if (at != labels.end() && at->first == name) {
    at->second = value;
  } else {
    labels.insert(at, {name, value});
  }
  return labels;
}

std::vector<batch::Label> views(const LabelMap& labels) { return {labels.begin(), labels.end()}; }

bool same_rule(const Rule& a, const Rule& b) {
  const auto same = [](const std::vector<Templated>& x, const std::vector<Templated>& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(),
                      [](const Templated& s, const Templated& t) { return s.name == t.name && s.text == t.text; });
  };
  return a.alerting == b.alerting && a.name == b.name && a.expression == b.expression && same(a.labels, b.labels);
}

}  // namespace

RuleGroup::RuleGroup(Group group, const GroupSettings& settings)
    : definition_(std::move(group)),
      interval_ns_(definition_.interval_ns > 0 ? definition_.interval_ns : settings.interval_ns),
      resend_ns_(settings.resend_ns),
      context_(settings.context) {
  for (const Rule& rule : definition_.rules) slots_.emplace_back(rule);
}

size_t RuleGroup::evaluate(int64_t now_ns, Querier& querier, Sink& sink) {
  const auto begin = std::chrono::steady_clock::now();
  context_.environment.now_ns = now_ns;
  context_.environment.query = [&](const std::string& expression) -> Result<tmpl::Value> {
    auto result = querier.query(expression, now_ns - definition_.query_offset_ns);
    if (!result) return std::move(result).error();
    tmpl::Value::List list;
    for (const Element& element : *result) {
      tmpl::Value::Map labels;
      for (const auto& [name, value] : element.labels) labels[name] = value;
      list.push_back(tmpl::Value::map({{"Labels", tmpl::Value::map(std::move(labels))}, {"Value", tmpl::Value(element.value)}}));
    }
    return tmpl::Value::list(std::move(list));
  };
  size_t failures = 0;
  for (Slot& slot : slots_) {
    const auto rule_begin = std::chrono::steady_clock::now();
    const auto evaluated = evaluate_rule(slot, now_ns, querier, sink);
    if (!evaluated) ++failures;
    const std::lock_guard lock(slots_mutex_);
    slot.health = {true, evaluated ? "" : evaluated.error().message(), now_ns,
                   (std::chrono::steady_clock::now() - rule_begin).count()};
  }
  const std::lock_guard lock(slots_mutex_);
  health_ = {true, "", now_ns, (std::chrono::steady_clock::now() - begin).count()};
  return failures;
}

Result<void> RuleGroup::evaluate_rule(Slot& slot, int64_t now_ns, Querier& querier, Sink& sink) {
  auto result = querier.query(slot.rule.rule().expression, now_ns - definition_.query_offset_ns);
  if (!result) return std::move(result).error();
  return slot.rule.rule().alerting ? alert(slot, now_ns, *result, sink) : record(slot, now_ns, *result, sink);
}

Result<void> RuleGroup::record(Slot& slot, int64_t now_ns, const std::vector<Element>& result, Sink& sink) {
  const Rule& rule = slot.rule.rule();
  if (definition_.limit > 0 && result.size() > definition_.limit)
    return Error(TARSIER_RESOURCE,
                 "exceeded limit of " + std::to_string(definition_.limit) + " with " + std::to_string(result.size()) + " series");
  std::vector<Element> series;
  for (const Element& element : result) {
    LabelMap labels = with(element.labels, "__name__", rule.name);
    for (const Templated& label : rule.labels) labels = with(std::move(labels), label.name, label.text);
    std::erase_if(labels, [](const auto& pair) { return pair.second.empty(); });
    series.push_back({std::move(labels), element.value, element.sum, element.histogram});
  }
  return write(slot, now_ns, series, sink);
}

Result<void> RuleGroup::alert(Slot& slot, int64_t now_ns, const std::vector<Element>& result, Sink& sink) {
  std::vector<Element> series;
  std::vector<Alert> due;
  Result<void> evaluated;
  {
    const std::lock_guard lock(slots_mutex_);
    evaluated = slot.rule.evaluate(now_ns, result, definition_.limit, context_);
    for (const auto& [labels, alert] : slot.rule.alerts()) {
      if (alert.state == State::inactive) continue;
      const int64_t seconds = alert.active_at_ns / 1'000'000'000;
      series.push_back({with(with(labels, "__name__", "ALERTS"), "alertstate", std::string(state_name(alert.state))), 1.0});
      series.push_back({with(labels, "__name__", "ALERTS_FOR_STATE"), static_cast<double>(seconds)});
    }
    due = slot.rule.take_due(now_ns, resend_ns_);
  }
  if (!evaluated) return evaluated;
  auto written = write(slot, now_ns, series, sink);
  if (auto sent = send(due, slot.rule.rule(), now_ns, sink); !sent) return sent;
  return written;
}

Result<void> RuleGroup::write(Slot& slot, int64_t now_ns, const std::vector<Element>& series, Sink& sink) {
  batch::SamplesBuilder samples;
  std::set<LabelMap> written;
  for (const Element& element : series) {
    if (!written.insert(element.labels).second)
      return Error::invalid("vector contains metrics with the same labelset after applying rule labels");
    samples.series(views(element.labels));
    if (element.histogram.empty()) {
      samples.sample(now_ns, element.value);
    } else {
      samples.histogram(now_ns, element.sum, 0, element.histogram);
    }
  }
  for (const LabelMap& labels : slot.written) {
    if (written.contains(labels)) continue;
    samples.series(views(labels));
    samples.sample(now_ns, kStale);
  }
  slot.written = std::move(written);
  if (samples.empty()) return {};
  return sink.samples(samples);
}

Result<void> RuleGroup::send(const std::vector<Alert>& due, const Rule& rule, int64_t now_ns, Sink& sink) const {
  if (due.empty()) return {};
  batch::AlertsBuilder alerts;
  const std::string url = context_.environment.external_url + "/graph?g0.expr=" + escape_query(rule.expression) + "&g0.tab=1";
  const int64_t expires_ns = now_ns + 4 * std::max(interval_ns_, resend_ns_);
  for (const Alert& alert : due) {
    LabelMap labels = alert.labels;
    for (const auto& [name, value] : context_.external_labels)
      if (std::none_of(labels.begin(), labels.end(), [&](const auto& pair) { return pair.first == name; }))
        labels = with(std::move(labels), name, value);
    const int64_t ends_ns = alert.state == State::inactive ? alert.resolved_at_ns : expires_ns;
    alerts.alert(views(labels), views(alert.annotations), alert.fired_at_ns, ends_ns, url);
  }
  return sink.alerts(alerts);
}

void RuleGroup::retire(int64_t now_ns, Sink& sink) {
  for (Slot& slot : slots_) {
    if (auto written = write(slot, now_ns, {}, sink); !written) slot.health.last_error = written.error().message();
  }
}

void RuleGroup::continue_from(RuleGroup& before) {
  std::vector<bool> taken(before.slots_.size(), false);
  for (Slot& slot : slots_) {
    for (size_t i = 0; i < before.slots_.size(); ++i) {
      Slot& old = before.slots_[i];
      if (taken[i] || !same_rule(slot.rule.rule(), old.rule.rule())) continue;
      taken[i] = true;
      for (const auto& [labels, alert] : old.rule.alerts()) slot.rule.restore(alert);
      slot.health = old.health;
      slot.written = std::move(old.written);
      old.written.clear();
      break;
    }
  }
  health_ = before.health_;
}

std::vector<RuleGroup::Entry> RuleGroup::rules() const {
  const std::lock_guard lock(slots_mutex_);
  std::vector<Entry> entries;
  for (const Slot& slot : slots_) {
    Entry entry{slot.rule.rule(), slot.health, slot.rule.state(), {}};
    for (const auto& [labels, alert] : slot.rule.alerts())
      if (alert.state != State::inactive) entry.alerts.push_back(alert);
    entries.push_back(std::move(entry));
  }
  return entries;
}

Health RuleGroup::health() const {
  const std::lock_guard lock(slots_mutex_);
  return health_;
}

std::vector<std::pair<size_t, Alert>> RuleGroup::alerts() const {
  const std::lock_guard lock(slots_mutex_);
  std::vector<std::pair<size_t, Alert>> all;
  for (size_t i = 0; i < slots_.size(); ++i)
    for (const auto& [labels, alert] : slots_[i].rule.alerts()) all.emplace_back(i, alert);
  return all;
}

void RuleGroup::restore(size_t rule, Alert alert) {
  const std::lock_guard lock(slots_mutex_);
  if (rule >= slots_.size()) return;
  // The series that the alert had are known again, so that they get their stale marker.
  slots_[rule].written.insert(with(with(alert.labels, "__name__", "ALERTS"), "alertstate", std::string(state_name(alert.state))));
  slots_[rule].written.insert(with(alert.labels, "__name__", "ALERTS_FOR_STATE"));
  slots_[rule].rule.restore(std::move(alert));
}

}  // namespace tarsier::rules
