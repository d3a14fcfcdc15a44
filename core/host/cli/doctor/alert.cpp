// tarsier doctor alert: from the rule over its expression and its wait to who is told.
#include <algorithm>
#include <array>

#include "core/config/nearest.hpp"
#include "core/host/cli/doctor/json_view.hpp"
#include "core/host/cli/doctor/options.hpp"
#include "core/host/cli/doctor/report.hpp"

namespace tarsier::host::cli {
namespace {

using boost::json::value;

std::string metric_of(const value& series) {
  const value* labels = member(series, "metric");
  return labels == nullptr ? std::string("{}") : labels_text(*labels);
}

std::string number_of(const value& series) {
  const auto& pair = array_at(series, "value");
  return pair.size() == 2 && pair[1].is_string() ? std::string(pair[1].get_string()) : std::string("a histogram");
}

std::vector<std::string> values_of(const boost::json::array& result) {
  std::vector<std::string> lines;
  lines.reserve(result.size());
  for (const value& each : result) lines.push_back(metric_of(each) + " is " + number_of(each));
  return lines;
}

class AlertDoctor {
 public:
  AlertDoctor(const RunningHost& host, std::string name, Report& report) : host_(host), name_(std::move(name)), report_(report) {}

  void look() {
    const auto told = host_.prometheus("rules", {{"type", "alert"}});
    if (!told) return report_.problem("rule", told.error().message());
    std::vector<std::string> names;
    bool found = false, firing = false;
    for (const value& group : array_at(*told, "groups")) {
      for (const value& rule : array_at(group, "rules")) {
        names.push_back(text_at(rule, "name"));
        if (names.back() != name_) continue;
        found = true;
        look_at_rule(text_at(group, "file") + ", group " + text_at(group, "name"), rule);
        firing = firing || text_at(rule, "state") == "firing";
      }
    }
    if (!found) return no_rule(names);
    if (firing) look_at_notifications();
  }

 private:
  void no_rule(const std::vector<std::string>& names) {
    const std::string close = config::nearest(name_, names);
    report_.problem("rule", "no alerting rule has this name", first_of(names),
                    close.empty() ? "write it into a file that rule_files names" : "did you mean " + close + "?");
  }

  void look_at_rule(const std::string& place, const value& rule) {
    const std::string error = text_at(rule, "lastError"), expression = text_at(rule, "query");
    if (!error.empty())
      return report_.problem("rule", place + ": its evaluation fails", {error}, "correct the expression: " + expression);
    if (text_at(rule, "health") == "unknown") {
      report_.note("rule", place + ": it has not been evaluated yet");
    } else {
      report_.add({Outcome::ok, "rule", place, {"evaluated at " + text_at(rule, "lastEvaluation")}, {}});
    }
    const auto result = host_.query(expression);
    if (!result) return report_.problem("expression", result.error().message());
    if (result->empty()) {
      look_into(expression);
    } else {
      report_.add({Outcome::ok, "expression", "true of " + counted(result->size(), "series"), first_of(values_of(*result)), {}});
    }
    look_at_alerts(rule);
  }

  // Selectors without a series, in the order of the expression.
  static void find_empty(const value& node, std::vector<std::string>& out) {
    for (const value& select : array_at(node, "selects"))
      if (number_at(select, "series") == 0) out.push_back(text_at(select, "matchers"));
    for (const value& child : array_at(node, "children")) find_empty(child, out);
  }

  // With `or` and `unless` one side may be empty, and with absent() that is what it is for.
  static bool may_lack_a_side(const value& tree) {
    if (tree.is_array()) {
      const auto& list = tree.get_array();
      return std::any_of(list.begin(), list.end(), may_lack_a_side);
    }
    if (!tree.is_object()) return false;
    const std::string op = text_at(tree, "op"), name = text_at(tree, "name");
    if (op == "or" || op == "unless" || name == "absent" || name == "absent_over_time") return true;
    const auto& members = tree.get_object();
    return std::any_of(members.begin(), members.end(), [](const auto& entry) { return may_lack_a_side(entry.value()); });
  }

  void look_into(const std::string& expression) {
    const auto told = host_.prometheus("explain_query", {{"query", expression}});
    const value* plan = told ? member(*told, "plan") : nullptr;
    if (plan == nullptr || plan->is_null()) return report_.note("expression", "it is true of nothing now", {expression});
    std::vector<std::string> empty;
    find_empty(*plan, empty);
    if (!empty.empty()) {
      const std::string advice = "`tarsier doctor metric '" + empty.front() + "'` says why";
      for (std::string& each : empty) each = "no series: " + each;
      const auto tree = host_.prometheus("parse_query", {{"query", expression}});
      if (tree && may_lack_a_side(*tree))
        return report_.note("expression", "it is true of nothing now, and some of it has no data", first_of(empty), advice);
      return report_.problem("expression", "it cannot be true: some of it has no data", first_of(empty), advice);
    }
    std::vector<std::string> details = {expression};
    for (std::string& line : compared(expression, *plan)) details.push_back(std::move(line));
    report_.note("expression", "it has data, and is true of nothing now", std::move(details));
  }

  // What stands on the left of a comparison now; nothing for another expression.
  std::vector<std::string> compared(const std::string& expression, const value& plan) const {
    constexpr std::array<std::string_view, 6> kComparisons = {"==", "!=", ">", "<", ">=", "<="};
    const auto tree = host_.prometheus("parse_query", {{"query", expression}});
    if (!tree || text_at(*tree, "type") != "binaryExpr") return {};
    const std::string op = text_at(*tree, "op");
    const auto& sides = array_at(plan, "children");
    if (std::find(kComparisons.begin(), kComparisons.end(), op) == kComparisons.end() || sides.empty()) return {};
    const std::string left = text_at(sides.front(), "expression");
    const auto result = host_.query(left);
    if (!result) return {};
    std::vector<std::string> lines = {"left of " + op + ": " + left};
    for (std::string& line : first_of(values_of(*result), 5)) lines.push_back("  " + line);
    return lines;
  }

  void look_at_alerts(const value& rule) {
    const auto& alerts = array_at(rule, "alerts");
    const std::string wait = std::to_string(static_cast<int64_t>(number_at(rule, "duration"))) + " s";
    std::vector<std::string> pending, firing;
    for (const value& alert : alerts) {
      const value* labels = member(alert, "labels");
      const std::string line = (labels == nullptr ? std::string() : labels_text(*labels)) + " since " + text_at(alert, "activeAt");
      (text_at(alert, "state") == "firing" ? firing : pending).push_back(line);
    }
    if (!pending.empty()) report_.note("pending", "it has to be true for " + wait + " (`for`) first", first_of(pending));
    if (!firing.empty()) report_.add({Outcome::ok, "firing", counted(firing.size(), "alert"), first_of(firing), {}});
    if (alerts.empty()) report_.note("alerts", "none is pending or firing");
  }

  void look_at_notifications() {
    const auto told = host_.alertmanager("alerts", {{"filter", "alertname=" + boost::json::serialize(value(name_))}});
    if (!told) return report_.note("grouping", told.error().message(), {}, "say --url of the web entrypoint");
    if (array_of(*told).empty())
      return report_.problem("grouping", "it fires, and Alertmanager's API does not know it", {},
                             "the instance that groups alerts does not run, or has just been started");
    std::vector<std::string> active, silent;
    for (const value& alert : array_of(*told)) {
      const value* labels = member(alert, "labels");
      const value* status = member(alert, "status");
      std::string line = labels == nullptr ? std::string() : labels_text(*labels);
      for (const value& receiver : array_at(alert, "receivers")) line += ", to receiver " + text_at(receiver, "name");
      const bool suppressed = status != nullptr && text_at(*status, "state") == "suppressed";
      if (suppressed)
        for (const char* by : {"silencedBy", "inhibitedBy"})
          for (const value& id : array_at(*status, by)) line += std::string(", ") + by + " " + boost::json::serialize(id);
      (suppressed ? silent : active).push_back(std::move(line));
    }
    if (!silent.empty())
      report_.problem("silenced", counted(silent.size(), "alert") + " told to nobody", first_of(silent),
                      "expire the silence, or wait for its end");
    if (!active.empty()) report_.add({Outcome::ok, "grouping", counted(active.size(), "alert"), first_of(active), {}});
    look_at_notifiers();
  }

  void look_at_notifiers() {
    const auto answer = host_.get("/api/plugins");
    boost::system::error_code malformed;
    const value list = answer && answer->code == 200 ? boost::json::parse(answer->body, malformed) : value();
    if (!list.is_array()) return report_.note("notifiers", "the web entrypoint shows them; " + host_.url() + " is another one");
    std::vector<std::string> well, ill;
    for (const value& plugin : list.get_array()) {
      const auto& kinds = array_at(plugin, "kinds");
      if (std::find(kinds.begin(), kinds.end(), value("notifier")) == kinds.end()) continue;
      const std::string state = text_at(plugin, "state"), reason = text_at(plugin, "reason");
      (state == "running" ? well : ill)
          .push_back(text_at(plugin, "instance") + ": " + state + (reason.empty() ? "" : ": " + reason));
    }
    if (!ill.empty()) report_.problem("notifiers", "not as they should be", first_of(ill));
    if (!well.empty()) report_.ok("notifiers", counted(well.size(), "instance") + " running");
    if (well.empty() && ill.empty())
      report_.problem("notifiers", "there is none: nobody is told", {},
                      "add one, such as [plugin.webhook], and name it in a receiver's notifiers");
  }

  const RunningHost& host_;
  const std::string name_;
  Report& report_;
};

int run(const Arguments& arguments) {
  auto host = host_of(arguments);
  if (!host) {
    complain(host.error().message());
    return kFailed;
  }
  Report report(arguments.has("--json"));
  AlertDoctor(*host, arguments.operands().front(), report).look();
  return report.finish();
}

constexpr OptionSpec kOptions[] = {kUrlOption, kConfigOption, kPluginDirOption, kSetOption, kJsonOption};

}  // namespace

const Command kDoctorAlert = {
    "doctor alert", "NAME", "Says why an alert does not fire, or is told to nobody.", kOptions, 1, 1, run};

}  // namespace tarsier::host::cli
