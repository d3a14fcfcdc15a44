// The program, as a shell sees it.
#pragma once

#include <cstdio>
#include <string>
#include <sys/wait.h>

namespace tarsier::host::test {

struct Answer {
  int code;
  std::string text;  // stdout and stderr
};

/// `before` goes in front of the command: "NAME=value", "cd /there &&".
inline Answer tarsier_says(const std::string& arguments, const std::string& before = {}) {
  std::FILE* pipe = ::popen((before + " " + TARSIER_PROGRAM + " " + arguments + " 2>&1").c_str(), "r");
  Answer answer{-1, {}};
  char buffer[4096];
  for (size_t got; (got = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0;) answer.text.append(buffer, got);
  const int status = ::pclose(pipe);
  answer.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return answer;
}

}  // namespace tarsier::host::test
