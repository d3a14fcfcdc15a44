#include "plugins/alert/rules/rule_files.hpp"

#include <algorithm>
#include <fstream>
#include <glob.h>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

namespace tarsier::rules {
namespace {

std::vector<std::string> matching_files(const std::vector<std::string>& patterns) {
  std::set<std::string> files;
  for (const std::string& pattern : patterns) {
    glob_t found{};
    if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
      for (size_t i = 0; i < found.gl_pathc; ++i) files.emplace(found.gl_pathv[i]);
    }
    globfree(&found);
  }
  return {files.begin(), files.end()};
}

Result<std::vector<Group>> read_file(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  if (!in) return Error::invalid(file + ":1:1: cannot be read");
  return parse_rule_file(file, text.str());
}

/// An error that crosses the ABI is cut at its limit: whole lines only, and what is left out is counted.
std::string within_limit(const std::string& findings) {
  constexpr size_t kRoom = TARSIER_ERROR_TEXT_MAX - 200;  // for what others put around it
  if (findings.size() <= kRoom) return findings;
  size_t end = findings.rfind('\n', kRoom);
  if (end == std::string::npos) end = std::min(findings.find('\n'), findings.size());
  const auto more = std::count(findings.begin() + static_cast<std::ptrdiff_t>(end), findings.end(), '\n');
  return findings.substr(0, end) + (more > 0 ? "\nand " + std::to_string(more) + " more" : "");
}

}  // namespace

Result<std::vector<Group>> read_rule_files(const std::vector<std::string>& patterns) {
  std::vector<Group> groups;
  std::string findings;
  for (const std::string& file : matching_files(patterns)) {
    auto parsed = read_file(file);
    if (parsed) {
      std::move(parsed->begin(), parsed->end(), std::back_inserter(groups));
    } else {
      findings += (findings.empty() ? "" : "\n") + parsed.error().message();
    }
  }
  if (!findings.empty()) return Error::invalid("rule files do not check:\n" + within_limit(findings));
  return groups;
}

std::vector<std::string> duplicate_rules(const std::vector<Group>& groups) {
  std::map<std::tuple<std::string, std::string, std::map<std::string, std::string>>, const Rule*> seen;
  std::vector<std::string> findings;
  for (const Group& group : groups) {
    for (const Rule& rule : group.rules) {
      std::map<std::string, std::string> labels;
      for (const Templated& label : rule.labels) labels.emplace(label.name, label.text);
      const auto [first, is_new] = seen.try_emplace({group.file, rule.name, std::move(labels)}, &rule);
      if (is_new) continue;
      findings.push_back(group.file + ":" + std::to_string(rule.line) + ":" + std::to_string(rule.column) + ": group \"" +
                         group.name + "\", rule \"" + rule.name + "\" has the name and labels of the rule at line " +
                         std::to_string(first->second->line) + ": both write the same series");
    }
  }
  return findings;
}

}  // namespace tarsier::rules
