#include "core/host/cli/doctor/report.hpp"

#include <algorithm>
#include <cstdio>

#include "core/host/cli/command.hpp"
#include "core/host/json_writer.hpp"

namespace tarsier::host::cli {
namespace {

constexpr const char* kMargin = "         ";

const char* name(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::note:
      return "note";
    default:
      return "PROBLEM";
  }
}

// Lines of a detail that has several stand below one another.
std::string indented(const std::string& text, std::string_view margin) {
  std::string out(margin);
  for (const char c : text) {
    out += c;
    if (c == '\n') out += margin;
  }
  return out + "\n";
}

std::string as_text(const ReportLine& line) {
  std::string head = name(line.outcome);
  head.resize(std::string_view(kMargin).size(), ' ');
  std::string text = head + line.what + (line.found.empty() ? "" : ": ") + line.found + "\n";
  for (const std::string& detail : line.details) text += indented(detail, kMargin);
  if (!line.advice.empty()) text += indented("-> " + line.advice, kMargin);
  return text;
}

}  // namespace

void Report::add(ReportLine line) {
  if (!json_) {
    const std::string text = as_text(line);
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }
  lines_.push_back(std::move(line));
}

size_t Report::problems() const noexcept {
  return static_cast<size_t>(
      std::count_if(lines_.begin(), lines_.end(), [](const ReportLine& line) { return line.outcome == Outcome::problem; }));
}

int Report::finish() const {
  const size_t wrong = problems();
  if (!json_) {
    std::printf("%s\n", wrong == 0 ? "nothing is wrong" : counted(wrong, "problem").c_str());
    return wrong == 0 ? kOk : kFailed;
  }
  JsonWriter json;
  json.begin_object().key("ok").boolean(wrong == 0).key("checks").begin_array();
  for (const ReportLine& line : lines_) {
    const std::string outcome = line.outcome == Outcome::problem ? "problem" : name(line.outcome);
    json.begin_object().key("check").string(line.what).key("outcome").string(outcome).key("found").string(line.found);
    json.key("details").strings(line.details).key("advice").string(line.advice).end_object();
  }
  std::printf("%s\n", json.end_array().end_object().text().c_str());
  return wrong == 0 ? kOk : kFailed;
}

std::vector<std::string> first_of(std::vector<std::string> list, size_t most) {
  if (list.size() <= most) return list;
  const size_t more = list.size() - most;
  list.resize(most);
  list.push_back("and " + std::to_string(more) + " more");
  return list;
}

std::string counted(size_t count, std::string_view what) {
  const bool same = what.ends_with("series");
  return std::to_string(count) + " " + std::string(what) + (count == 1 || same ? "" : "s");
}

}  // namespace tarsier::host::cli
