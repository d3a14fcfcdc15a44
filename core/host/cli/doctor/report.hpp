// Report: what a doctor found, line by line, for a person as it comes, or for a script as JSON at the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tarsier::host::cli {

enum class Outcome : uint8_t {
  ok,
  note,    ///< worth knowing, nothing wrong
  problem  ///< exit code 1
};

struct ReportLine {
  Outcome outcome = Outcome::ok;
  std::string what;                  ///< "targets"
  std::string found;                 ///< "2 of 3 are down"
  std::vector<std::string> details;  ///< one line each
  std::string advice;                ///< what to do; "" where there is nothing to be done
};

class Report {
 public:
  explicit Report(bool json) : json_(json) {}

  /// Without JSON it is printed at once.
  void add(ReportLine line);
  void ok(std::string what, std::string found) { add({Outcome::ok, std::move(what), std::move(found), {}, {}}); }
  void note(std::string what, std::string found, std::vector<std::string> details = {}, std::string advice = {}) {
    add({Outcome::note, std::move(what), std::move(found), std::move(details), std::move(advice)});
  }
  void problem(std::string what, std::string found, std::vector<std::string> details = {}, std::string advice = {}) {
    add({Outcome::problem, std::move(what), std::move(found), std::move(details), std::move(advice)});
  }
  size_t problems() const noexcept;

  /// The last line, or all of it as JSON; returns the exit code.
  int finish() const;

 private:
  const bool json_;
  std::vector<ReportLine> lines_;
};

/// At most `most` of them, and how many there are besides.
std::vector<std::string> first_of(std::vector<std::string> list, size_t most = 10);
/// "1 target", "3 targets"
std::string counted(size_t count, std::string_view what);

}  // namespace tarsier::host::cli
