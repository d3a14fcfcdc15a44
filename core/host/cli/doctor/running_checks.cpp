#include "core/host/cli/doctor/running_checks.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <sstream>

#include "core/host/cli/doctor/json_view.hpp"

namespace tarsier::host::cli {
namespace {

constexpr double kOldSeconds = 300;  // no scrape interval is longer, in practice
constexpr double kSkewSeconds = 2;
constexpr double kMostDescriptors = 0.8;  // of those that it may have open

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

double now_seconds() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string rounded(double seconds) { return std::to_string(std::lround(seconds)) + " s"; }

void check_ready(const RunningHost& host, Report& report) {
  const auto answer = host.get("/-/ready");
  if (!answer) return report.problem("host", answer.error().message());
  if (answer->code == 200) return report.ok("host", "it answers at " + host.url() + " and is ready");
  report.problem("host", "it answers at " + host.url() + " and is not ready", lines_of(answer->body), "its log says more");
}

void check_plugins(const RunningHost& host, Report& report) {
  const auto answer = host.get("/api/plugins");
  boost::system::error_code malformed;
  const auto list = answer && answer->code == 200 ? boost::json::parse(answer->body, malformed) : boost::json::value();
  if (!list.is_array()) return report.note("plugins", "the web entrypoint shows them; " + host.url() + " is another one");
  std::vector<std::string> ill;
  for (const auto& plugin : list.get_array()) {
    const std::string state = text_at(plugin, "state"), reason = text_at(plugin, "reason"),
                      line = text_at(plugin, "instance") + ": " + state;
    const bool well = state == "running" || state == "disabled" || state == "retained";
    if (!well || (state == "running" && !reason.empty())) ill.push_back(line + (reason.empty() ? "" : ": " + reason));
  }
  if (ill.empty()) return report.ok("plugins", "all of " + counted(list.get_array().size(), "instance") + " run");
  report.problem("plugins", counted(ill.size(), "instance") + " not as it should be", ill);
}

void check_reloaded(const RunningHost& host, Report& report) {
  const auto told = host.prometheus("notifications");
  std::vector<std::string> texts;
  if (told)
    for (const auto& each : array_of(*told)) texts.push_back(text_at(each, "text"));
  if (!texts.empty())
    report.problem("configuration in effect", "it is not the one in the files", texts,
                   "`tarsier check` says what is wrong with them");
}

void check_targets(const RunningHost& host, Report& report) {
  const auto told = host.prometheus("targets");
  if (!told) return report.note("targets", told.error().message());
  const auto& active = array_at(*told, "activeTargets");
  std::vector<std::string> down, refused;
  size_t unknown = 0;
  for (const auto& target : active) {
    const std::string health = text_at(target, "health");
    unknown += health == "unknown" ? 1 : 0;
    if (health == "down")
      down.push_back(text_at(target, "scrapePool") + ": " + text_at(target, "scrapeUrl") + ": " + text_at(target, "lastError"));
  }
  for (const auto& target : array_at(*told, "refusedTargets")) {
    const auto* labels = member(target, "discoveredLabels");
    refused.push_back(text_at(target, "scrapePool") + ": " + (labels == nullptr ? std::string() : labels_text(*labels)) + ": " +
                      text_at(target, "error"));
  }
  if (!down.empty())
    report.problem("targets", std::to_string(down.size()) + " of " + std::to_string(active.size()) + " down", first_of(down),
                   "start what should answer there, or correct the job");
  if (!refused.empty())
    report.problem("targets", counted(refused.size(), "target") + " cannot be scraped", first_of(refused),
                   "correct the job's rules");
  if (active.empty()) report.note("targets", "there are none", {}, "`tarsier doctor --discover` proposes some");
  if (down.empty() && !active.empty())
    report.ok("targets", std::to_string(active.size() - unknown) + " up" +
                             (unknown == 0 ? "" : ", " + std::to_string(unknown) + " not scraped yet"));
}

void check_rules(const RunningHost& host, Report& report) {
  const auto told = host.prometheus("rules");
  if (!told) return report.note("rules", told.error().message());
  std::vector<std::string> failing;
  size_t rules = 0;
  for (const auto& group : array_at(*told, "groups")) {
    for (const auto& rule : array_at(group, "rules")) {
      ++rules;
      const std::string error = text_at(rule, "lastError");
      if (!error.empty()) failing.push_back(text_at(group, "name") + "/" + text_at(rule, "name") + ": " + error);
    }
  }
  if (failing.empty()) return report.ok("rules", counted(rules, "rule") + " evaluated without errors");
  report.problem("rules", counted(failing.size(), "rule") + " failing", first_of(failing), "correct the expressions");
}

void check_age(const RunningHost& host, Report& report) {
  const auto told = host.prometheus("status/tsdb", {{"limit", "1"}});
  if (!told) return report.note("data", "how old it is, is not known: " + told.error().message());
  const auto* head = member(*told, "headStats");
  const double newest = head == nullptr ? 0 : number_at(*head, "maxTime") / 1000;
  const double age = now_seconds() - newest;
  const auto series = head == nullptr ? size_t{0} : static_cast<size_t>(number_at(*head, "numSeries"));
  if (newest <= 0) {
    report.problem("data", "nothing is stored", {}, "look at the targets and plugins above");
  } else if (age > kOldSeconds) {
    report.problem("data", "the newest sample is " + rounded(age) + " old: nothing is stored any more", {},
                   "look at the targets, plugins and the data directory above");
  } else if (age < -kOldSeconds) {
    report.problem("data", "the newest sample is " + rounded(-age) + " in the future", {}, "set the clock of what sent it right");
  } else {
    report.ok("data", counted(series, "series") + ", the newest sample is " + rounded(std::max(age, 0.0)) + " old");
  }
}

void check_host_clock(const RunningHost& host, Report& report) {
  const double before = now_seconds();
  const auto told = host.prometheus("query", {{"query", "time()"}});
  const double after = now_seconds();
  if (!told) return;
  const auto& value = array_at(*told, "result");
  if (value.size() != 2 || !value[0].is_number()) return;
  const double its = value[0].to_number<double>(), skew = its < before ? its - before : std::max(its - after, 0.0);
  if (std::abs(skew) > kSkewSeconds)
    report.problem("clock", "the host's is " + rounded(skew) + " away from this machine's", {}, "synchronise both");
}

// The values of a family of the host's own page, each with its labels in front.
std::vector<std::pair<std::string, double>> samples_of(const std::string& page, const std::string& name) {
  std::vector<std::pair<std::string, double>> out;
  for (const std::string& line : lines_of(page)) {
    if (!line.starts_with(name) || line.size() == name.size()) continue;
    const char next = line[name.size()];
    const size_t space = line.rfind(' ');
    if ((next != '{' && next != ' ') || space == std::string::npos) continue;
    double value = 0;
    std::from_chars(line.data() + space + 1, line.data() + line.size(), value);
    out.emplace_back(line.substr(0, space), value);
  }
  return out;
}

void check_own_metrics(const RunningHost& host, Report& report) {
  const auto page = host.get("/metrics");
  if (!page || page->code != 200) return report.note("limits", "the host's own metrics are not at " + host.url() + "/metrics");
  const auto open = samples_of(page->body, "process_open_fds"), most = samples_of(page->body, "process_max_fds");
  if (open.size() == 1 && most.size() == 1) {
    const std::string found =
        std::to_string(std::lround(open[0].second)) + " of " + std::to_string(std::lround(most[0].second)) + " are open";
    if (open[0].second > kMostDescriptors * most[0].second) {
      report.problem("file descriptors", found, {}, "raise the limit: LimitNOFILE= of the service, or ulimit -n");
    } else {
      report.ok("file descriptors", found);
    }
  }
  std::vector<std::string> lost;
  for (const char* family : {"tarsier_bus_dropped_total", "tarsier_plugin_dropped_batches_total",
                             "tarsier_plugin_malformed_batches_total", "tarsier_plugin_file_refused"})
    for (const auto& [name, value] : samples_of(page->body, family))
      if (value > 0) lost.push_back(name + " is " + std::to_string(std::lround(value)));
  if (!lost.empty())
    report.problem("losses", "since its start the host has lost or refused something", first_of(lost), "its log says what and why");
}

}  // namespace

void check_running(const RunningHost& host, Report& report) {
  check_ready(host, report);
  check_plugins(host, report);
  check_reloaded(host, report);
  check_targets(host, report);
  check_rules(host, report);
  check_age(host, report);
  check_host_clock(host, report);
  check_own_metrics(host, report);
}

}  // namespace tarsier::host::cli
