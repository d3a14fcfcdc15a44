// tarsier doctor relabel: what a job's rules make of labels, one rule after the other.
#include <algorithm>
#include <cstdio>

#include "core/host/cli/doctor/json_view.hpp"
#include "core/host/cli/doctor/label_text.hpp"
#include "core/host/cli/doctor/options.hpp"

namespace tarsier::host::cli {
namespace {

std::string quoted(const boost::json::value& value) { return boost::json::serialize(value); }

// action = "drop", source_labels = ["__name__"], regex = "go_.*"
std::string rule_text(const boost::json::value& rule) {
  std::string out = text_at(rule, "action");
  for (const char* key : {"source_labels", "separator", "regex", "modulus", "target_label", "replacement"}) {
    const auto* value = member(rule, key);
    if (value == nullptr) continue;
    const std::string text = quoted(*value);
    const bool usual = (std::string_view(key) == "separator" && text == "\";\"") ||
                       (std::string_view(key) == "regex" && text == "\"(.*)\"") ||
                       (std::string_view(key) == "replacement" && text == "\"$1\"");
    if (!usual) out += std::string(" ") + key + "=" + text;
  }
  return out;
}

std::vector<std::string> changes(const boost::json::object& before, const boost::json::object& after) {
  std::vector<std::string> out;
  for (const auto& entry : before) {
    const auto* now = after.if_contains(entry.key());
    if (now == nullptr) out.push_back("- " + std::string(entry.key()) + "=" + quoted(entry.value()));
    if (now != nullptr && *now != entry.value())
      out.push_back("~ " + std::string(entry.key()) + "=" + quoted(*now) + ", was " + quoted(entry.value()));
  }
  for (const auto& entry : after)
    if (!before.contains(entry.key())) out.push_back("+ " + std::string(entry.key()) + "=" + quoted(entry.value()));
  return out;
}

boost::json::object object_at(const boost::json::value& of, std::string_view key) {
  const auto* found = member(of, key);
  return found != nullptr && found->is_object() ? found->get_object() : boost::json::object();
}

void print_steps(const boost::json::value& data, const boost::json::object& given) {
  std::string text = labels_text(given) + "\n";
  boost::json::object before = given;
  size_t number = 0;
  bool kept = true;
  for (const auto& step : array_at(data, "steps")) {
    const auto* rule = member(step, "rule");
    text += std::to_string(++number) + ". " + (rule == nullptr ? std::string() : rule_text(*rule)) + "\n   " +
            text_at(step, "reason") + "\n";
    const auto* keep = member(step, "keep");
    const bool keeps = keep != nullptr && keep->is_bool() && keep->get_bool();
    const boost::json::object after = object_at(step, "output");
    if (!keeps) {
      text += kept ? "   dropped\n" : "";
    } else {
      const auto changed = changes(before, after);
      for (const std::string& line : changed) text += "   " + line + "\n";
      if (changed.empty()) text += "   nothing changed\n";
    }
    kept = keeps;
    before = after;
  }
  if (number == 0) text += "the job has no such rules\n";
  text += kept ? "kept: " + labels_text(before) + "\n" : "dropped\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
}

int run(const Arguments& arguments) {
  auto labels = read_label_text(arguments.get("--labels", "{}"));
  if (!labels || !arguments.has("--job") || !arguments.has("--labels")) {
    complain(labels ? "usage: tarsier doctor relabel --job JOB --labels '{__address__=\"a:1\"}' [--series]"
                    : labels.error().message());
    return kUsage;
  }
  auto host = host_of(arguments);
  if (!host) {
    complain(host.error().message());
    return kFailed;
  }
  const std::string given = json_of(*labels);
  Parameters parameters = {{"scrapePool", arguments.get("--job")}, {"labels", given}, {"explain", "true"}};
  if (arguments.has("--series")) parameters.emplace_back("series", "true");
  const auto told = host->prometheus("targets/relabel_steps", parameters);
  if (!told) {
    complain(told.error().message());
    return kFailed;
  }
  if (arguments.has("--json")) {
    std::printf("%s\n", boost::json::serialize(*told).c_str());
  } else {
    print_steps(*told, boost::json::parse(given).as_object());
  }
  return kOk;
}

constexpr OptionSpec kOptions[] = {
    {"--job", "", "JOB", "whose rules"},
    {"--labels", "", "LABELS", "'{__address__=\"a:1\", ...}': as a target was found, or with --series those of a series"},
    {"--series", "", "", "the rules for series (metric_relabel_configs) instead of those for targets"},
    kUrlOption,
    kConfigOption,
    kPluginDirOption,
    kSetOption,
    kJsonOption,
};

}  // namespace

const Command kDoctorRelabel = {
    "doctor relabel", "", "Shows what each relabelling rule of a scrape job makes of a set of labels.", kOptions, 0, 0, run};

}  // namespace tarsier::host::cli
