# cmake -DTEXT=file -DSOURCE=file.cpp -DHEADER=header -DNAMESPACE=name -DFUNCTION=name -P embed_text.cmake: a source file with the
# function that `header` declares, std::string_view function(), whose value is the text.
file(READ "${TEXT}" text)
file(WRITE "${SOURCE}" "#include \"${HEADER}\"

namespace ${NAMESPACE} {

std::string_view ${FUNCTION}() {
  return R\"embedded(${text})embedded\";
}

}  // namespace ${NAMESPACE}
")
