// What runs when the component is loaded: element and props are Gradio's.
new ResultsPage(element.querySelector(".nr"), props.text, props.viewer_text);
