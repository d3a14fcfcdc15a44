// tarsier plugins verify: the contract check for authors.
#include <algorithm>
#include <cstdio>

#include "core/host/cli/command.hpp"
#include "core/host/cli/contract_check.hpp"
#include "core/host/json_writer.hpp"

namespace tarsier::host::cli {
namespace {

constexpr OptionSpec kOptions[] = {{"--json", "", "", "for scripts"}};

const char* name(CheckLine::Outcome outcome) {
  switch (outcome) {
    case CheckLine::Outcome::ok:
      return "ok";
    case CheckLine::Outcome::failed:
      return "FAILED";
    default:
      return "skipped";
  }
}

int run(const Arguments& arguments) {
  const auto lines = check_contract(arguments.operands().front());
  const bool ok =
      std::none_of(lines.begin(), lines.end(), [](const CheckLine& line) { return line.outcome == CheckLine::Outcome::failed; });
  if (arguments.has("--json")) {
    JsonWriter json;
    json.begin_object().key("ok").boolean(ok).key("checks").begin_array();
    for (const CheckLine& line : lines) {
      json.begin_object()
          .key("check")
          .string(line.what)
          .key("outcome")
          .string(name(line.outcome))
          .key("detail")
          .string(line.detail)
          .end_object();
    }
    std::printf("%s\n", json.end_array().end_object().text().c_str());
  } else {
    for (const CheckLine& line : lines) {
      std::printf("%-8s %s%s%s\n", name(line.outcome), line.what.c_str(), line.detail.empty() ? "" : ": ", line.detail.c_str());
    }
    std::printf("%s\n", ok ? "the file keeps the contract" : "the file does not keep the contract");
  }
  return ok ? kOk : kFailed;
}

}  // namespace

const Command kPluginsVerify = {
    "plugins verify", "FILE.so", "Checks whether a plugin file keeps the contract.", kOptions, 1, 1, run};

}  // namespace tarsier::host::cli
