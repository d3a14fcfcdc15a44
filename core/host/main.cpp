// The program.
#include <string_view>
#include <vector>

#include "core/host/cli/command.hpp"
#include "core/host/process_limits.hpp"

int main(int argc, char** argv) {
  const std::vector<std::string_view> words(argv + 1, argv + argc);
  if (!words.empty() && words.front() == tarsier::host::cli::kRun.name) tarsier::host::prefer_huge_pages(argv);
  return tarsier::host::cli::dispatch(words);
}
