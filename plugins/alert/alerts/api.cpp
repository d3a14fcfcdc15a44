#include "plugins/alert/alerts/api.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "plugins/alert/alerts/filter.hpp"
#include "plugins/lib/json/json_writer.hpp"
#include "plugins/lib/time/rfc3339.hpp"

namespace tarsier::alerts {
namespace {

constexpr std::string_view kJson = "application/json";

// ---- reading -------------------------------------------------------------------------------------------------------------

Result<LabelMap> labels_of(const boost::json::object& alert, const char* key) {
  LabelMap labels;
  const auto* value = alert.if_contains(key);
  if (value == nullptr || value->is_null()) return labels;
  if (!value->is_object()) return Error::invalid(std::string(key) + " must be an object");
  for (const auto& [name, text] : value->get_object()) {
    if (!text.is_string()) return Error::invalid(std::string(key) + "." + std::string(name) + " must be a string");
    labels.emplace_back(name, std::string(text.get_string()));
  }
  std::sort(labels.begin(), labels.end());
  return labels;
}

Result<int64_t> time_of(const boost::json::object& alert, const char* key) {
  const auto* value = alert.if_contains(key);
  if (value == nullptr || value->is_null()) return int64_t{0};
  if (!value->is_string()) return Error::invalid(std::string(key) + " must be a string");
  if (value->get_string().empty()) return int64_t{0};
  return parse_rfc3339(value->get_string());
}

Result<Alert> alert_of(const boost::json::value& value) {
  if (!value.is_object()) return Error::invalid("an alert must be an object");
  const auto& object = value.get_object();
  if (!object.contains("labels")) return Error::invalid("labels is required");
  Alert alert;
  auto labels = labels_of(object, "labels");
  auto annotations = labels_of(object, "annotations");
  const auto starts = time_of(object, "startsAt");
  const auto ends = time_of(object, "endsAt");
  if (!labels) return std::move(labels).error();
  if (!annotations) return std::move(annotations).error();
  if (!starts) return starts.error();
  if (!ends) return ends.error();
  alert.labels = std::move(*labels);
  alert.annotations = std::move(*annotations);
  alert.starts_ns = *starts;
  alert.ends_ns = *ends;
  if (const auto* url = object.if_contains("generatorURL"); url != nullptr && url->is_string())
    alert.generator_url = std::string(url->get_string());
  return alert;
}

// ---- writing -------------------------------------------------------------------------------------------------------------

void write_map(json::Writer& out, const LabelMap& labels) {
  out.begin_object();
  for (const auto& [name, value] : labels) out.key(name).string(value);
  out.end_object();
}

void write_alert(json::Writer& out, const Alert& alert, const std::string& receiver) {
  out.begin_object().key("annotations");
  write_map(out, alert.annotations);
  out.key("endsAt").string(print_rfc3339_ms(alert.ends_ns)).key("fingerprint").string(alert.fingerprint);
  out.key("receivers").begin_array().begin_object().key("name").string(receiver).end_object().end_array();
  out.key("startsAt").string(print_rfc3339_ms(alert.starts_ns));
  out.key("status").begin_object().key("inhibitedBy").begin_array().end_array().key("silencedBy").begin_array().end_array();
  out.key("state").string("active").end_object();
  out.key("updatedAt").string(print_rfc3339_ms(alert.updated_ns)).key("generatorURL").string(alert.generator_url).key("labels");
  write_map(out, alert.labels);
  out.end_object();
}

void respond_error(const http::Exchange& exchange, uint32_t code, std::string_view message) {
  std::string body;
  json::append_string(body, message);
  exchange.respond(code, kJson, body);
}

Result<std::vector<Filter>> filters(const http::Form& form) {
  std::vector<Filter> all;
  for (const std::string_view text : form.all("filter")) {
    auto filter = Filter::parse(text);
    if (!filter) return std::move(filter).error();
    all.push_back(std::move(*filter));
  }
  return all;
}

bool matches(const std::vector<Filter>& filters, const LabelMap& labels) {
  return std::all_of(filters.begin(), filters.end(), [&](const Filter& filter) { return filter.matches(labels); });
}

void get_alerts(Inbox& inbox, const http::Request& request, const http::Exchange& exchange) {
  const http::Form form(request);
  const auto wanted = filters(form);
  if (!wanted) return respond_error(exchange, 400, wanted.error().message());
  const std::string receiver = inbox.receiver();
  json::Writer out;
  out.begin_array();
  if (form.get("active") != "false")
    for (const Alert& alert : inbox.alerts())
      if (matches(*wanted, alert.labels)) write_alert(out, alert, receiver);
  out.end_array();
  exchange.respond(200, kJson, out.text());
}

void post_alerts(Inbox& inbox, const http::Request& request, const http::Exchange& exchange) {
  auto alerts = parse_alerts(request.body());
  if (!alerts) return respond_error(exchange, 400, alerts.error().message());
  const std::string refused = inbox.take(std::move(*alerts));
  if (!refused.empty()) return respond_error(exchange, 400, refused);
  exchange.respond(200, kJson, "");
}

void get_groups(Inbox& inbox, const http::Request& request, const http::Exchange& exchange) {
  const auto wanted = filters(http::Form(request));
  if (!wanted) return respond_error(exchange, 400, wanted.error().message());
  json::Writer out;
  out.begin_array();
  for (const GroupView& group : inbox.groups()) {
    std::vector<const Alert*> shown;
    for (const Alert& alert : group.alerts)
      if (!alert.resolved_at(inbox.now_ns()) && matches(*wanted, alert.labels)) shown.push_back(&alert);
    if (shown.empty()) continue;
    out.begin_object().key("labels");
    write_map(out, group.labels);
    out.key("receiver").begin_object().key("name").string(group.receiver).end_object().key("alerts").begin_array();
    for (const Alert* alert : shown) write_alert(out, *alert, group.receiver);
    out.end_array().end_object();
  }
  out.end_array();
  exchange.respond(200, kJson, out.text());
}

void get_receivers(Inbox& inbox, const http::Exchange& exchange) {
  json::Writer out;
  out.begin_array().begin_object().key("name").string(inbox.receiver()).end_object().end_array();
  exchange.respond(200, kJson, out.text());
}

std::string member(const boost::json::value& object, const char* name) {
  const auto* found = object.is_object() ? object.get_object().if_contains(name) : nullptr;
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

void get_status(Inbox& inbox, const http::Exchange& exchange) {
  boost::json::error_code failure;
  const boost::json::value build = boost::json::parse(inbox.build_json(), failure);
  json::Writer out;
  out.begin_object()
      .key("cluster")
      .begin_object()
      .key("status")
      .string("disabled")
      .key("peers")
      .begin_array()
      .end_array()
      .end_object();
  out.key("versionInfo")
      .begin_object()
      .key("version")
      .string(member(build, "version"))
      .key("revision")
      .string(member(build, "revision"));
  out.key("branch")
      .string("")
      .key("buildUser")
      .string("")
      .key("buildDate")
      .string(member(build, "built"))
      .key("goVersion")
      .string("");
  out.end_object().key("config").begin_object().key("original").string(inbox.config_toml()).end_object();
  out.key("uptime").string(print_rfc3339_ms(inbox.started_ns())).end_object();
  exchange.respond(200, kJson, out.text());
}

}  // namespace

Result<std::vector<Alert>> parse_alerts(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = 8;
  boost::json::error_code failure;
  const boost::json::value root = boost::json::parse({text.data(), text.size()}, failure, {}, options);
  if (failure) return Error::invalid("the body is not JSON: " + failure.message());
  if (!root.is_array()) return Error::invalid("the body must be an array of alerts");
  std::vector<Alert> alerts;
  for (const auto& value : root.get_array()) {
    auto alert = alert_of(value);
    if (!alert) return std::move(alert).error().in("alert " + std::to_string(alerts.size()));
    alerts.push_back(std::move(*alert));
  }
  return alerts;
}

Result<void> add_routes(http::Routes& routes, Inbox& inbox) {
  const auto add = [&](uint32_t methods, std::string_view pattern, std::string_view permission, http::Handler handler) {
    return routes.add({.methods = methods, .api = "alertmanager", .pattern = pattern, .permission = permission},
                      std::move(handler));
  };
  auto added =
      add(TARSIER_HTTP_GET, "/api/v2/alerts", "alerts:read",
          [&inbox](const http::Request& request, const http::Exchange& exchange) { get_alerts(inbox, request, exchange); });
  if (added)
    added = add(TARSIER_HTTP_POST, "/api/v2/alerts", "alerts:write",
                [&inbox](const http::Request& request, const http::Exchange& exchange) { post_alerts(inbox, request, exchange); });
  if (added)
    added = add(TARSIER_HTTP_GET, "/api/v2/alerts/groups", "alerts:read",
                [&inbox](const http::Request& request, const http::Exchange& exchange) { get_groups(inbox, request, exchange); });
  if (added)
    added = add(TARSIER_HTTP_GET, "/api/v2/receivers", "alerts:read",
                [&inbox](const http::Request&, const http::Exchange& exchange) { get_receivers(inbox, exchange); });
  for (const std::string_view path : {"/api/v2/status", "/api/v1/status"}) {
    if (added)
      added = add(TARSIER_HTTP_GET, path, "status:read",
                  [&inbox](const http::Request&, const http::Exchange& exchange) { get_status(inbox, exchange); });
  }
  return added;
}

}  // namespace tarsier::alerts
