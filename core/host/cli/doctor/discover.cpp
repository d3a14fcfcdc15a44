#include "core/host/cli/doctor/discover.hpp"

#include <algorithm>
#include <cstdio>
#include <unistd.h>

#include "core/config/host_schema.hpp"
#include "core/config/nearest.hpp"
#include "core/config/units.hpp"
#include "core/host/cli/command.hpp"
#include "core/host/cli/suggestion_check.hpp"
#include "core/host/cli/suggestion_run.hpp"
#include "core/host/desired.hpp"
#include "core/host/json_writer.hpp"
#include "core/loader/plugin_directory.hpp"

namespace tarsier::host::cli {
namespace {

struct Found {
  std::vector<KeptSuggestion> suggestions;
  std::vector<KeptSuggestion> known;  ///< the configuration has them
  std::vector<std::string> failures;
};

bool has_value(const config::Node& node, const std::vector<std::string>& values) {
  if (node.is_string() && std::find(values.begin(), values.end(), node.text) != values.end()) return true;
  return std::any_of(node.children.begin(), node.children.end(),
                     [&](const config::Node& child) { return has_value(child, values); });
}

bool is_known(const config::Node& root, const KeptSuggestion& suggestion) {
  for (const config::Node* section : config::sections(root)) {
    if (config::plugin_of(*section) != suggestion.plugin) continue;
    if (suggestion.known_by.empty() || has_value(*section, suggestion.known_by)) return true;
  }
  return false;
}

void show_progress(const std::string& what) {
  if (::isatty(STDERR_FILENO) != 0) std::fprintf(stderr, "\r\033[K%s", what.c_str());
}

struct Question {
  std::chrono::milliseconds limit;   ///< for each file
  std::vector<std::string> plugins;  ///< only these; empty: all
};

Found ask_all(const loader::PluginDirectory& directory, const config::Node& root, const Question& question) {
  Found found;
  for (const loader::PluginFile& file : directory.files()) {
    if (!file.refusal.empty()) continue;
    std::vector<std::string> ids;
    const std::vector<std::string>& wanted = question.plugins;
    for (const std::string& id : file.note->ids)
      if (directory.find(id) == &file && (wanted.empty() || std::find(wanted.begin(), wanted.end(), id) != wanted.end()))
        ids.push_back(id);
    if (ids.empty()) continue;
    show_progress("asking " + ids.front() + " ...");
    SuggestionRun run = run_suggestions(file.path, {question.limit, ids});
    if (!run.failure.empty()) found.failures.push_back(std::move(run.failure));
    for (KeptSuggestion& suggestion : run.suggestions) {
      if (const std::string fault = suggestion_fault(suggestion, directory.directories()); !fault.empty()) {
        found.failures.push_back(suggestion.plugin + ": what it proposes does not check: " + fault);
      } else {
        (is_known(root, suggestion) ? found.known : found.suggestions).push_back(std::move(suggestion));
      }
    }
  }
  show_progress("");
  return found;
}

std::string commented(const std::string& text) {
  std::string out = "# ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "# ";
  }
  return out + "\n";
}

// Comments and sections: what is printed can be dropped into the configuration as it stands.
void print_text(const Found& found) {
  std::string text;
  for (const KeptSuggestion& suggestion : found.suggestions) {
    text += commented(suggestion.title) + commented(suggestion.why);
    if (!suggestion.note.empty()) text += commented("To do: " + suggestion.note);
    text += suggestion.toml + (suggestion.toml.ends_with('\n') ? "\n" : "\n\n");
  }
  if (text.empty()) text = "# Nothing was found here that the configuration does not have.\n";
  for (const KeptSuggestion& suggestion : found.known) text += commented("Configured already: " + suggestion.title);
  std::fwrite(text.data(), 1, text.size(), stdout);
  for (const std::string& failure : found.failures) complain(failure);
}

void write_list(JsonWriter& json, const std::vector<KeptSuggestion>& list) {
  json.begin_array();
  for (const KeptSuggestion& suggestion : list) {
    json.begin_object().key("plugin").string(suggestion.plugin).key("title").string(suggestion.title);
    json.key("why").string(suggestion.why).key("toml").string(suggestion.toml).key("note").string(suggestion.note).end_object();
  }
  json.end_array();
}

void print_json(const Found& found) {
  JsonWriter json;
  write_list(json.begin_object().key("suggestions"), found.suggestions);
  write_list(json.key("configured"), found.known);
  json.key("failures").strings(found.failures).end_object();
  std::printf("%s\n", json.text().c_str());
}

}  // namespace

int discover(const Arguments& arguments) {
  const auto limit = config::parse_duration(arguments.get("--timeout", "20s"));
  if (!limit || *limit <= 0) {
    complain("--timeout: expected a duration such as 20s");
    return kUsage;
  }
  std::vector<std::string> directories = arguments.all("--plugin-dir");
  Modules modules;
  std::unique_ptr<loader::PluginDirectory> of_config;
  Desired desired;  // its tree has the defaults, too: a section may have what is proposed without saying so
  if (auto options = desired_options(arguments); options) {
    desired = read_desired(*options, of_config, modules);
    for (const std::string& path : desired.settings.plugin_dirs) directories.push_back(path);
  } else if (arguments.has("--config")) {
    complain(options.error().message());
    return kFailed;
  }
  directories.push_back(loader::default_plugin_directory());
  loader::PluginDirectory directory(std::move(directories));
  directory.scan();
  for (const std::string& id : arguments.all("--plugin")) {
    if (directory.find(id) != nullptr) continue;
    complain("no plugin \"" + id + "\" is installed" + config::suggestion(id, directory.ids()));
    return kUsage;
  }
  const config::Node none;
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::nanoseconds(*limit));
  const Found found = ask_all(directory, desired.root == nullptr ? none : *desired.root, {milliseconds, arguments.all("--plugin")});
  arguments.has("--json") ? print_json(found) : print_text(found);
  return found.failures.empty() ? kOk : kFailed;
}

}  // namespace tarsier::host::cli
