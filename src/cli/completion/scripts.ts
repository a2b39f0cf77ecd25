export interface CompletionScript {
  /** File name that the shell, or its package of completions, looks for. */
  readonly file: string;
  readonly text: string;
}

// Bash ends words at : and =, so it splits an image with a tag and replaces only the last part. It passes words as typed:
// the script strips quotes without interpreting them, since it must not evaluate anything.
const bash = `# Completion of strata for bash 4.3 or later; the bash-completion package is not needed.
_strata() {
  local line=\${COMP_LINE:0:COMP_POINT} rest i value cut prefix= directive
  local -a words=() reply=()
  for ((i = 0; i < COMP_CWORD; i++)); do
    rest=\${line#"\${line%%[![:blank:]]*}"}
    if ((i > 0)) && [[ $rest == "$line" ]]; then
      words[-1]+=\${COMP_WORDS[i]}
    else
      words+=("\${COMP_WORDS[i]}")
    fi
    line=\${rest#"\${COMP_WORDS[i]}"}
  done
  rest=\${line#"\${line%%[![:blank:]]*}"}
  if [[ $rest == "$line" ]]; then words[-1]+=$rest; else words+=("$rest"); fi
  local current=\${words[-1]#[\\"\\']}
  unset 'words[-1]'
  for ((i = 0; i < \${#words[@]}; i++)); do
    value=\${words[i]//[\\"\\'\\\\]/}
    words[i]=\${value/#\\~\\//$HOME/}
  done

  mapfile -t reply < <("\${words[0]}" __complete -- "\${words[@]:1}" "$current" 2>/dev/null)
  ((\${#reply[@]})) || return
  directive=\${reply[-1]}
  unset 'reply[-1]'
  for cut in : =; do
    [[ $COMP_WORDBREAKS == *"$cut"* && $current == *"$cut"* ]] || continue
    value=\${current%"\${current##*"$cut"}"}
    ((\${#value} > \${#prefix})) && prefix=$value
  done
  COMPREPLY=()
  for value in "\${reply[@]}"; do
    value=\${value%%$'\\t'*}
    COMPREPLY+=("\${value#"$prefix"}")
  done
  case $directive in
  *files*) compopt -o default -o bashdefault ;;
  *folders*) compopt -o dirnames ;;
  esac
  if [[ $directive == *files* ]] && ((\${#COMPREPLY[@]})); then
    while read -r value; do
      [[ -d $value ]] && value+=/
      printf -v value %q "$value"
      COMPREPLY+=("$value")
    done < <(compgen -f -- "$current")
    compopt -o nospace
  fi
  [[ $directive != *nospace* ]] || compopt -o nospace
}
complete -F _strata strata
`;

const zsh = `#compdef strata
# Completion of strata for zsh.
_strata() {
  local -a lines items options
  local line value directive
  lines=("\${(@f)$("\${~words[1]}" __complete -- "\${(@Q)words[2,CURRENT-1]/#\\~\\//$HOME/}" "\${(Q)PREFIX}" 2>/dev/null)}")
  directive=\${lines[-1]}
  lines[-1]=()
  for line in $lines; do
    value=\${line%%$'\\t'*}
    items+=("\${value//:/\\\\:}\${line#"$value"}")
  done
  items=("\${(@)items//$'\\t'/:}")
  [[ $directive == *nospace* ]] && options=(-S '')
  local found=1
  (( $#items )) && _describe -t values strata items "\${options[@]}" && found=0
  [[ $directive == *files* || $directive == *folders* ]] && [[ $PREFIX == -*=* ]] && compset -P '*='
  [[ $directive == *files* ]] && _files && found=0
  [[ $directive == *folders* ]] && _files -/ && found=0
  return found
}
if [[ $funcstack[1] == _strata ]]; then
  _strata
else
  compdef _strata strata
fi
`;

const fish = `# Completion of strata for fish.
function __strata_complete
    set -l words (commandline -opc | string replace -r '^~/' "$HOME/")
    set -l current (commandline -ct)
    set -l command $words[1]
    set -e words[1]
    set -l lines ($command __complete -- $words "$current" 2>/dev/null)
    set -q lines[1]; or return
    set -l directive $lines[-1]
    set -e lines[-1]
    set -q lines[1]; and printf '%s\\n' $lines
    set -l prefix (string match -r '^-[^=]*=' -- $current; or echo)
    set -l path (string sub -s (math (string length -- "$prefix") + 1) -- "$current")
    switch $directive
        case '*files*'
            __fish_complete_path "$path" | string replace -r -- '^' "$prefix"
        case '*folders*'
            __fish_complete_directories "$path" '' | string replace -r -- '^' "$prefix"
    end
end
complete -c strata -f -a '(__strata_complete)'
`;

/** By shell. */
export const completionScripts: ReadonlyMap<string, CompletionScript> = new Map([
  ['bash', { file: 'strata', text: bash }],
  ['zsh', { file: '_strata', text: zsh }],
  ['fish', { file: 'strata.fish', text: fish }],
]);
