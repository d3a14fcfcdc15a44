// tarsier doctor metric: whether a metric is there, was there, and if not, where it got lost.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <set>

#include "core/config/nearest.hpp"
#include "core/host/cli/doctor/json_view.hpp"
#include "core/host/cli/doctor/label_text.hpp"
#include "core/host/cli/doctor/options.hpp"
#include "core/host/cli/doctor/report.hpp"

namespace tarsier::host::cli {
namespace {

using boost::json::value;

constexpr size_t kMostTargets = 200;  // that are asked what their job's rules do

struct Matcher {
  std::string name, op, text;
  std::string written() const { return name + op + boost::json::serialize(value(text)); }
};

struct Selector {
  std::string text;
  std::string name;  // "" when it names no metric
  std::vector<Matcher> others;
};

Result<Selector> read_selector(const RunningHost& host, const std::string& text) {
  const auto tree = host.prometheus("parse_query", {{"query", text}});
  if (!tree) return std::move(tree).error();
  if (text_at(*tree, "type") != "vectorSelector")
    return Error::invalid("'" + text + "' is no metric: expected a name, or a selector such as up{job=\"node\"}");
  Selector selector;
  selector.text = text;
  for (const value& each : array_at(*tree, "matchers")) {
    Matcher matcher{text_at(each, "name"), text_at(each, "type"), text_at(each, "value")};
    if (matcher.name == "__name__" && matcher.op == "=") {
      selector.name = matcher.text;
    } else {
      selector.others.push_back(std::move(matcher));
    }
  }
  return selector;
}

// {__name__="a.b"} for what is no plain name.
std::string named(const std::string& name) { return "{__name__=" + boost::json::serialize(value(name)) + "}"; }

std::string origin(const value& labels) {
  const std::string job = text_at(labels, "job"), instance = text_at(labels, "instance");
  return (job.empty() ? "no job" : "job " + job) + (instance.empty() ? "" : ", instance " + instance);
}

// Of the newest sample of a series over time.
std::string age_of(const value& series) {
  double newest = 0;
  for (const char* kind : {"values", "histograms"}) {
    const auto& samples = array_at(series, kind);
    if (samples.empty() || !samples.back().is_array() || samples.back().get_array().empty()) continue;
    newest = std::max(newest, samples.back().get_array().front().to_number<double>());
  }
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return std::to_string(std::lround(std::max(now - newest, 0.0))) + " s";
}

// A target as /api/v1/targets shows it.
struct KnownTarget {
  std::string job, url, health, error;
  value labels;
};

class MetricDoctor {
 public:
  MetricDoctor(const RunningHost& host, Selector selector, Report& report)
      : host_(host), selector_(std::move(selector)), report_(report) {}

  void look() {
    if (look_now()) return;
    read_targets();
    const bool seen = look_back();
    if (!seen) look_for_other_labels();
    if (look_at_rules()) return;
    look_at_targets();
    if (!seen && !near_miss_) look_for_near_names();
  }

 private:
  bool look_now() {
    const auto found = host_.query("count by (job, instance) (" + selector_.text + ")");
    if (!found) {
      report_.problem("now", found.error().message());
      return true;
    }
    if (found->empty()) return false;
    double series = 0;
    std::vector<std::string> from;
    for (const value& each : *found) {
      series += sample_value(each);
      const value* labels = member(each, "metric");
      from.push_back((labels == nullptr ? std::string() : origin(*labels)) + ": " +
                     counted(static_cast<size_t>(sample_value(each)), "series"));
    }
    report_.add({Outcome::ok, "now", counted(static_cast<size_t>(series), "series"), first_of(std::move(from)), {}});
    return true;
  }

  void read_targets() {
    const auto told = host_.prometheus("targets");
    if (!told) return report_.note("targets", told.error().message());
    for (const value& target : array_at(*told, "activeTargets")) {
      const value* labels = member(target, "labels");
      targets_.push_back({text_at(target, "scrapePool"), text_at(target, "scrapeUrl"), text_at(target, "health"),
                          text_at(target, "lastError"), labels == nullptr ? value() : *labels});
    }
  }

  // Whether it has ever been stored; what became of it since.
  bool look_back() {
    const auto found = host_.prometheus("query", {{"query", selector_.text + "[1h]"}, {"limit", "20"}});
    if (found && !array_at(*found, "result").empty()) {
      std::vector<std::string> details;
      for (const value& each : array_at(*found, "result")) {
        const value* labels = member(each, "metric");
        if (labels != nullptr)
          details.push_back(labels_text(*labels) + ", last " + age_of(each) + " ago: " + what_became_of(*labels));
      }
      report_.problem("last hour", "it was there, and is not now", first_of(std::move(details)));
      return true;
    }
    const auto ever = host_.prometheus("series", {{"match[]", selector_.text}, {"limit", "20"}});
    if (!ever || array_of(*ever).empty()) {
      report_.problem("ever", "nothing that is stored has this name and labels");
      return false;
    }
    std::set<std::string> from;
    for (const value& labels : array_of(*ever)) from.insert(origin(labels) + ": " + what_became_of(labels));
    report_.problem("ever", "it was stored once, and not in the last hour", first_of({from.begin(), from.end()}));
    return true;
  }

  std::string what_became_of(const value& labels) const {
    for (const KnownTarget& target : targets_) {
      if (text_at(target.labels, "job") != text_at(labels, "job") ||
          text_at(target.labels, "instance") != text_at(labels, "instance"))
        continue;
      if (target.health == "down") return "its target is down: " + target.error;
      return "its target is up: the page does not show it any more, or a rule drops it (below); it ended with a staleness marker";
    }
    if (text_at(labels, "job").empty()) return "no target wrote it";
    return "there is no such target any more: its series ended with it";
  }

  // The name is there, and another matcher is in the way.
  void look_for_other_labels() {
    if (selector_.name.empty() || selector_.others.empty()) return;
    const auto all = host_.query("count(" + named(selector_.name) + ")");
    if (!all || all->empty()) return;
    near_miss_ = true;
    std::vector<std::string> details;
    for (const Matcher& matcher : selector_.others) {
      const auto some =
          host_.query("count({__name__=" + boost::json::serialize(value(selector_.name)) + ", " + matcher.written() + "})");
      if (!some || !some->empty()) continue;
      std::vector<std::string> values;
      const auto told = host_.prometheus("label/" + matcher.name + "/values", {{"match[]", named(selector_.name)}});
      if (told)
        for (const value& each : array_of(*told)) values.push_back(boost::json::serialize(each));
      std::string line = matcher.written() + " matches none; ";
      line += values.empty() ? "it has no label " + matcher.name : matcher.name + " is";
      for (const std::string& each : first_of(values)) line += " " + each;
      details.push_back(std::move(line));
    }
    const std::string found =
        counted(static_cast<size_t>(sample_value(all->front())), "series") + " of that name, with other labels";
    if (details.empty()) details.emplace_back("each matcher alone finds some, all together find none");
    report_.note("labels", found, details, "correct the matchers");
  }

  // Whether rules write it: then no target does.
  bool look_at_rules() {
    if (selector_.name == "ALERTS" || selector_.name == "ALERTS_FOR_STATE") {
      report_.note("rules", "alerting rules write it, while one of them is pending or firing", {}, "`tarsier doctor alert NAME`");
      return true;
    }
    const auto told = host_.prometheus("rules", {{"type", "record"}});
    if (!told) return false;
    bool found = false;
    for (const value& group : array_at(*told, "groups")) {
      for (const value& rule : array_at(group, "rules")) {
        if (text_at(rule, "name") != selector_.name) continue;
        found = true;
        const std::string place = text_at(group, "file") + ", group " + text_at(group, "name"), error = text_at(rule, "lastError");
        const std::string outcome = error.empty() ? "its expression has no value now, with these labels" : error;
        report_.problem("rules", "a recording rule writes it: " + place, {text_at(rule, "query"), outcome},
                        "ask for what stands in the expression");
      }
    }
    return found;
  }

  // Names as which a page may have announced it: that of the histogram, for one of its series.
  std::vector<std::string> families() const {
    std::vector<std::string> out = {selector_.name};
    for (const std::string_view suffix : {"_bucket", "_sum", "_count", "_total", "_created", "_info"})
      if (selector_.name.size() > suffix.size() && selector_.name.ends_with(suffix))
        out.push_back(selector_.name.substr(0, selector_.name.size() - suffix.size()));
    return out;
  }

  // "job instance" of the targets whose pages announce it.
  std::set<std::string> announced() const {
    std::set<std::string> out;
    for (const std::string& family : families()) {
      const auto told = host_.prometheus("targets/metadata", {{"metric", family}});
      if (!told) continue;
      for (const value& each : array_of(*told))
        if (const value* labels = member(each, "target")) out.insert(origin(*labels));
    }
    return out;
  }

  // The rule that drops it, from this target; "" when none does.
  std::string dropped_by(const KnownTarget& target) const {
    LabelPairs labels = {{"__name__", selector_.name}};
    for (const Matcher& matcher : selector_.others)
      if (matcher.op == "=") labels.emplace_back(matcher.name, matcher.text);
    if (target.labels.is_object())
      for (const auto& entry : target.labels.get_object()) {
        const std::string name(entry.key());
        if (std::none_of(labels.begin(), labels.end(), [&](const auto& each) { return each.first == name; }))
          labels.emplace_back(name, text_at(target.labels, name));
      }
    const auto told =
        host_.prometheus("targets/relabel_steps",
                         {{"scrapePool", target.job}, {"labels", json_of(labels)}, {"explain", "true"}, {"series", "true"}});
    if (!told) return {};
    size_t number = 0;
    for (const value& step : array_at(*told, "steps")) {
      ++number;
      const value* keep = member(step, "keep");
      if (keep != nullptr && keep->is_bool() && !keep->get_bool())
        return "metric_relabel_configs of job " + target.job + ", rule " + std::to_string(number) +
               ", drops it: " + text_at(step, "reason");
    }
    return {};
  }

  void look_at_targets() {
    if (selector_.name.empty()) return;
    const Pages pages = look_at_pages();
    tell_dropping(pages);
    if (!pages.showing.empty()) {
      near_miss_ = true;
      report_.note("pages", "announce it, without a series that is stored under this name and labels", first_of(pages.showing),
                   "a page may announce a metric that has no value yet; or a rule renames it");
    }
    if (!pages.refused.empty())
      report_.note("limits", "pages that are not taken, as a whole: one of them may have it", first_of(pages.refused),
                   "raise the limit that the error names, or mend the target");
    if (!pages.down.empty()) report_.note("targets that are down", "one of them may have it", first_of(pages.down));
    if (pages.showing.empty() && pages.refused.empty() && pages.dropping.empty())
      report_.note("pages", "none of " + counted(targets_.size(), "target") + " announces it", {},
                   targets_.empty() ? "`tarsier doctor --discover` proposes targets"
                                    : "the program does not show it, or its target is missing");
  }

  // What became of it at each target. Those that are down have no page now, or one that is not taken.
  struct Pages {
    std::vector<std::string> showing, refused, down;
    std::map<std::string, std::pair<size_t, bool>> dropping;  // by rule: how many targets, and whether one of them shows it
  };

  Pages look_at_pages() const {
    Pages pages;
    const std::set<std::string> showing = announced();
    size_t asked = 0;
    for (const KnownTarget& target : targets_) {
      const bool shown = showing.contains(origin(target.labels));
      if (target.health == "down") {
        const bool limited = target.error.find("limit") != std::string::npos;
        (shown || limited ? pages.refused : pages.down).push_back(target.job + ": " + target.url + ": " + target.error);
        continue;
      }
      const std::string rule = asked++ < kMostTargets || shown ? dropped_by(target) : std::string();
      if (!rule.empty()) {
        auto& [count, seen] = pages.dropping[rule];
        ++count;
        seen = seen || shown;
      } else if (shown) {
        pages.showing.push_back(target.job + ": " + target.url);
      }
    }
    return pages;
  }

  void tell_dropping(const Pages& pages) {
    for (const auto& [rule, facts] : pages.dropping) {
      const auto& [count, shown] = facts;
      near_miss_ = near_miss_ || shown;
      std::vector<std::string> details = {rule, "of " + counted(count, "target")};
      if (shown) {
        report_.problem("relabelling", "a page shows it, and a rule drops it", std::move(details),
                        "`tarsier doctor relabel --series` shows the rules step by step");
      } else {
        report_.note("relabelling", "a rule would drop it", std::move(details));
      }
    }
  }

  void look_for_near_names() {
    const auto told = host_.prometheus("label/__name__/values");
    if (!told || selector_.name.empty()) return;
    std::vector<std::string> names, containing;
    for (const value& each : array_of(*told)) {
      if (!each.is_string()) continue;
      names.emplace_back(each.get_string());
      if (names.back().find(selector_.name) != std::string::npos) containing.push_back(names.back());
    }
    const std::string close = config::nearest(selector_.name, names);
    if (!close.empty() && std::find(containing.begin(), containing.end(), close) == containing.end())
      containing.insert(containing.begin(), close);
    if (!containing.empty()) report_.note("near names", "did you mean one of these?", first_of(std::move(containing)));
  }

  const RunningHost& host_;
  const Selector selector_;
  Report& report_;
  std::vector<KnownTarget> targets_;
  bool near_miss_ = false;  // something better than a near name was found
};

int run(const Arguments& arguments) {
  auto host = host_of(arguments);
  if (!host) {
    complain(host.error().message());
    return kFailed;
  }
  auto selector = read_selector(*host, arguments.operands().front());
  if (!selector) {
    complain(selector.error().message());
    return selector.error().code() == TARSIER_INVALID ? kUsage : kFailed;
  }
  Report report(arguments.has("--json"));
  MetricDoctor(*host, std::move(*selector), report).look();
  return report.finish();
}

constexpr OptionSpec kOptions[] = {kUrlOption, kConfigOption, kPluginDirOption, kSetOption, kJsonOption};

}  // namespace

const Command kDoctorMetric = {
    "doctor metric", "NAME|SELECTOR", "Says whether a metric is stored, and why it is not.", kOptions, 1, 1, run};

}  // namespace tarsier::host::cli
