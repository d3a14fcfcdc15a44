#include "plugins/alert/rules/api.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "plugins/alert/rules/rules_request.hpp"
#include "plugins/lib/json/json_writer.hpp"
#include "plugins/lib/template/value.hpp"
#include "plugins/lib/time/rfc3339.hpp"

namespace tarsier::rules {
namespace {

constexpr std::string_view kJson = "application/json";

/// Go's 'e' format: 1e+00, 2.5e-01.
std::string exponent(double value) {
  if (std::isnan(value) || std::isinf(value)) return tmpl::print_float(value);
  char buffer[40];
  const auto done = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::scientific);
  return {buffer, done.ptr};
}

double seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }

void write_map(json::Writer& out, const LabelMap& labels) {
  out.begin_object();
  for (const auto& [name, value] : labels) out.key(name).string(value);
  out.end_object();
}

void write_templates(json::Writer& out, const std::vector<Templated>& items) {
  LabelMap sorted;
  for (const Templated& item : items) sorted.emplace_back(item.name, item.text);
  std::sort(sorted.begin(), sorted.end());
  write_map(out, sorted);
}

void write_alert(json::Writer& out, const Alert& alert) {
  out.begin_object();
  out.key("labels");
  write_map(out, alert.labels);
  out.key("annotations");
  write_map(out, alert.annotations);
  out.key("state").string(state_name(alert.state));
  out.key("activeAt").string(print_rfc3339(alert.active_at_ns));
  if (alert.keep_firing_since_ns != 0) out.key("keepFiringSince").string(print_rfc3339(alert.keep_firing_since_ns));
  out.key("value").string(exponent(alert.value));
  out.end_object();
}

void write_rule(json::Writer& out, const RuleGroup::Entry& entry, bool with_alerts) {
  const Rule& rule = entry.rule;
  out.begin_object();
  if (rule.alerting) out.key("state").string(state_name(entry.state));
  out.key("name").string(rule.name).key("query").string(rule.expression);
  if (rule.alerting) out.key("duration").number(seconds(rule.for_ns)).key("keepFiringFor").number(seconds(rule.keep_firing_for_ns));
  if (rule.alerting || !rule.labels.empty()) {
    out.key("labels");
    write_templates(out, rule.labels);
  }
  if (rule.alerting) {
    out.key("annotations");
    write_templates(out, rule.annotations);
    out.key("alerts").begin_array();
    if (with_alerts)
      for (const Alert& alert : entry.alerts) write_alert(out, alert);
    out.end_array();
  }
  const Health& health = entry.health;
  out.key("health").string(!health.evaluated ? "unknown" : health.last_error.empty() ? "ok" : "err");
  if (!health.last_error.empty()) out.key("lastError").string(health.last_error);
  out.key("evaluationTime").number(seconds(health.duration_ns));
  out.key("lastEvaluation").string(print_rfc3339(health.last_evaluation_ns));
  out.key("type").string(rule.alerting ? "alerting" : "recording");
  out.end_object();
}

void respond_error(const http::Exchange& exchange, std::string_view message) {
  json::Writer out;
  out.begin_object().key("status").string("error").key("errorType").string("bad_data").key("error").string(message).end_object();
  exchange.respond(400, kJson, out.text());
}

void write_group(json::Writer& out, const RuleGroup& group, const std::vector<const RuleGroup::Entry*>& entries, bool with_alerts) {
  const Group& definition = group.definition();
  out.begin_object().key("name").string(definition.name).key("file").string(definition.file).key("rules").begin_array();
  for (const auto* entry : entries) write_rule(out, *entry, with_alerts);
  const Health health = group.health();
  out.end_array().key("interval").number(seconds(group.interval_ns())).key("limit").integer(static_cast<int64_t>(definition.limit));
  out.key("evaluationTime").number(seconds(health.duration_ns));
  out.key("lastEvaluation").string(print_rfc3339(health.last_evaluation_ns)).end_object();
}

void handle_rules(const Groups& groups, const http::Request& request, const http::Exchange& exchange) {
  if (const std::string fault = http::form_fault(request); !fault.empty())
    return respond_error(exchange, "error parsing form values: " + fault);
  const auto asked = RulesRequest::read(http::Form(request));
  if (!asked) return respond_error(exchange, asked.error().message());
  json::Writer out;
  out.begin_object().key("status").string("success").key("data").begin_object().key("groups").begin_array();
  bool begun = false;
  size_t written = 0;
  std::string next_token;
  for (const auto& group : groups) {
    const Group& definition = group->definition();
    begun = begun || asked->begins_at(definition);
    if (!begun || !asked->wants(definition)) continue;
    const auto entries = group->rules();
    std::vector<const RuleGroup::Entry*> wanted;
    for (const auto& entry : entries)
      if (asked->wants(entry.rule)) wanted.push_back(&entry);
    if (wanted.empty()) continue;
    if (asked->group_limit() && written == *asked->group_limit()) {
      next_token = RulesRequest::token_of(definition);
      break;
    }
    write_group(out, *group, wanted, asked->with_alerts());
    ++written;
  }
  if (!begun && !groups.empty()) return respond_error(exchange, asked->unknown_token());
  out.end_array();
  if (!next_token.empty()) out.key("groupNextToken").string(next_token);
  out.end_object().end_object();
  exchange.respond(200, kJson, out.text());
}

void handle_alerts(const Groups& groups, const http::Exchange& exchange) {
  json::Writer out;
  out.begin_object().key("status").string("success").key("data").begin_object().key("alerts").begin_array();
  for (const auto& group : groups)
    for (const auto& entry : group->rules())
      for (const Alert& alert : entry.alerts) write_alert(out, alert);
  out.end_array().end_object().end_object();
  exchange.respond(200, kJson, out.text());
}

}  // namespace

Result<void> add_routes(http::Routes& routes, std::function<Groups()> groups) {
  auto added = routes.add(
      {.api = "prometheus", .pattern = "/api/v1/rules", .permission = "metrics:read"},
      [groups](const http::Request& request, const http::Exchange& exchange) { handle_rules(groups(), request, exchange); });
  if (!added) return added;
  // Alerts leave over the bus; no Alertmanager is called.
  added = routes.add({.api = "prometheus", .pattern = "/api/v1/alertmanagers", .permission = "metrics:read"},
                     [](const http::Request&, const http::Exchange& exchange) {
                       exchange.respond(200, kJson,
                                        R"({"status":"success","data":{"activeAlertmanagers":[],"droppedAlertmanagers":[]}})");
                     });
  if (!added) return added;
  return routes.add(
      {.api = "prometheus", .pattern = "/api/v1/alerts", .permission = "metrics:read"},
      [groups = std::move(groups)](const http::Request&, const http::Exchange& exchange) { handle_alerts(groups(), exchange); });
}

}  // namespace tarsier::rules
